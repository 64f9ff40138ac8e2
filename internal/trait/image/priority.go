package image

import (
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/vuln"
)

// HighPriority reports whether a match needs only the network and is likely to
// be exploited: in KEV, with a public exploit, or with an EPSS score at or above
// the policy's. A missing score is unknown, so it decides nothing by itself.
func HighPriority(m *vuln.Match, p exposure.Policy) bool {
	return Likely(m, p) && m.CVSS.NetworkExploitable()
}

// Likely reports whether a match is in KEV, has a public exploit, or has an EPSS
// score at or above the policy's.
func Likely(m *vuln.Match, p exposure.Policy) bool {
	return m.KEV || m.Exploit || m.EPSS != nil && m.EPSS.Score >= p.LikelyEPSS
}

// mostCertain is the highest EPSS score that three decimals can show without
// claiming certainty.
const mostCertain = 0.999

// EPSS writes a score with three decimals, never as a certainty, or says that
// there is none.
func EPSS(score *float64) string {
	switch {
	case score == nil:
		return "unknown"
	case *score > mostCertain:
		return ">" + strconv.FormatFloat(mostCertain, 'f', 3, 64)
	}
	return strconv.FormatFloat(*score, 'f', 3, 64)
}

// Why says in words what is known of the likelihood that a match is exploited.
func Why(m exposure.Match) string {
	var why []string
	if m.KEV {
		why = append(why, "known to be exploited (CISA KEV)")
	}
	if m.Exploit {
		why = append(why, "public exploit")
	}
	return strings.Join(append(why, "EPSS "+EPSS(m.EPSS)), ", ")
}

// HighestEPSS names the image's highest score when its worst vulnerability, which
// is so by KEV or an exploit, has a lower one.
func HighestEPSS(e *exposure.ImageEvidence) string {
	if e.MaxEPSS == nil || len(e.Worst) == 0 || e.Worst[0].EPSS != nil && EPSS(e.Worst[0].EPSS) == EPSS(e.MaxEPSS) {
		return ""
	}
	return "; another has the highest EPSS, " + EPSS(e.MaxEPSS)
}

// Vulnerabilities counts them in words.
func Vulnerabilities(e *exposure.ImageEvidence) string {
	return count(e.Vulnerabilities, "vulnerability", "vulnerabilities")
}
