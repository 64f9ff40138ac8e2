package image

import (
	"strconv"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/vuln"
)

// HighPriority reports whether a match needs only the network and is likely to
// be exploited: in KEV, with a public exploit, or with an EPSS score at or above
// the policy's. A missing score is unknown, so it decides nothing by itself.
func HighPriority(m *vuln.Match, p exposure.Policy) bool {
	likely := m.KEV || m.Exploit || m.EPSS != nil && m.EPSS.Score >= p.LikelyEPSS
	return likely && m.CVSS.NetworkExploitable()
}

// EPSS writes a score, or says that there is none.
func EPSS(score *float64) string {
	if score == nil {
		return "unknown"
	}
	return strconv.FormatFloat(*score, 'f', 4, 64)
}

// Vulnerabilities counts them in words.
func Vulnerabilities(e *exposure.ImageEvidence) string {
	return count(e.Vulnerabilities, "vulnerability", "vulnerabilities")
}
