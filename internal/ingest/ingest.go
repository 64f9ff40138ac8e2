// Package ingest reads the reports of other scanners about images that eksposure
// cannot pull: Grype's JSON, Trivy's JSON, and CycloneDX JSON.
//
// It takes the bytes of a report, which are input and may be hostile, and gives a
// [vuln.Ingested], which [Service] keeps per image digest and kind of report. A
// report that is too large, too deep or not one costs a clear error and nothing
// else. What a report does not say (a score, a vector) stays unsaid here: it is
// completed from the vulnerability database when a scan uses the report.
package ingest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

// Format is a kind of report.
type Format string

// The formats that are read.
const (
	Grype     Format = "grype"
	Trivy     Format = "trivy"
	CycloneDX Format = "cyclonedx"
)

// Formats lists the formats.
func Formats() []Format { return []Format{Grype, Trivy, CycloneDX} }

// ParseFormat reads a format's name in any case; an empty one stays empty, which
// means that the report itself tells.
func ParseFormat(name string) (Format, error) {
	if name == "" {
		return "", nil
	}
	for _, f := range Formats() {
		if strings.EqualFold(string(f), name) {
			return f, nil
		}
	}
	return "", fmt.Errorf("report format %q: want grype, trivy or cyclonedx: %w", name, fault.ErrInvalid)
}

// The bounds of a report. They are far above what real images give and far below
// what would trouble the program: an image with a thousand packages and ten
// thousand matches makes a Grype report of about 40 MB.
const (
	// MaxReport bounds a report in bytes.
	MaxReport = 64 << 20
	// maxDepth bounds how deep its JSON nests; real reports stay below 20.
	maxDepth = 64
	// maxMatches bounds the matches of one image.
	maxMatches = 100_000
	// maxComponents bounds the components of a bill of materials.
	maxComponents = 200_000
	// maxName bounds identifiers, package names, versions and paths.
	maxName = 1024
	// maxText bounds descriptions; the rest is cut off.
	maxText = 4096
	// maxList bounds lists inside one match: aliases, fixed versions.
	maxList = 50
)

// Report is a parsed report with what it says of the image it is about.
type Report struct {
	vuln.Ingested

	Format Format
	// Digests are the registry digests that the report names as its subject; empty
	// when it names none, as after the scan of a tar file.
	Digests []string
}

// Parse reads a report. With an empty format the report's own words tell which it
// is. Whatever is wrong with it is fault.ErrInvalid.
func Parse(data []byte, format Format) (Report, error) {
	if len(data) > MaxReport {
		return Report{}, fmt.Errorf("report is larger than %d MiB: %w", MaxReport>>20, fault.ErrInvalid)
	}
	if err := checkDepth(data); err != nil {
		return Report{}, err
	}
	told, err := detect(data)
	if err != nil {
		return Report{}, err
	}
	if format == "" {
		format = told
	}
	if told != format {
		return Report{}, fmt.Errorf("report is not of format %s: it looks like %s: %w", format, orNothing(told), fault.ErrInvalid)
	}
	var r Report
	switch format {
	case Grype:
		r, err = parseGrype(data)
	case Trivy:
		r, err = parseTrivy(data)
	case CycloneDX:
		r, err = parseCycloneDX(data)
	default:
		return Report{}, fmt.Errorf("report is none of Grype JSON, Trivy JSON and CycloneDX JSON; make it with `grype IMAGE -o json`, `trivy image -f json IMAGE` or `syft IMAGE -o cyclonedx-json`: %w", fault.ErrInvalid)
	}
	if err != nil {
		return Report{}, fmt.Errorf("%s report: %w", format, err)
	}
	r.Format, r.Source = format, string(format)
	vuln.Sort(r.Matches)
	slices.Sort(r.Digests)
	r.Digests = slices.Compact(r.Digests)
	return r, nil
}

func orNothing(f Format) string {
	if f == "" {
		return "no report that is known"
	}
	return string(f)
}

// detect tells the format by the members that only it has at its top.
func detect(data []byte) (Format, error) {
	var top struct {
		BOMFormat     string          `json:"bomFormat"`
		SchemaVersion int             `json:"SchemaVersion"`
		Matches       json.RawMessage `json:"matches"`
		Descriptor    struct {
			Name string `json:"name"`
		} `json:"descriptor"`
	}
	if err := json.Unmarshal(data, &top); err != nil {
		return "", fmt.Errorf("report is not a JSON object: %s: %w", clip(err.Error(), maxName), fault.ErrInvalid)
	}
	switch {
	case top.BOMFormat == "CycloneDX":
		return CycloneDX, nil
	case top.Matches != nil && top.Descriptor.Name == "grype":
		return Grype, nil
	case top.SchemaVersion > 0:
		return Trivy, nil
	}
	return "", nil
}

// checkDepth steps through the bytes once, before anything is decoded.
func checkDepth(data []byte) error {
	depth, text, escaped := 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case text && c == '\\':
			escaped = true
		case c == '"':
			text = !text
		case text:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("report nests deeper than %d levels: %w", maxDepth, fault.ErrInvalid)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// decode reads JSON into one of the formats' types.
func decode(data []byte, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", clip(err.Error(), maxName), fault.ErrInvalid)
	}
	return nil
}

// digestShape is what names an image: a SHA-256 digest.
var digestShape = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// CheckDigest refuses what is no image digest, as fault.ErrInvalid.
func CheckDigest(digest string) error {
	if !digestShape.MatchString(digest) {
		return fmt.Errorf("image digest %q: want sha256: and 64 hexadecimal digits; `kubectl get pods -o jsonpath='{..imageID}'` shows those that run: %w", clip(digest, maxName), fault.ErrInvalid)
	}
	return nil
}

// registryDigests takes the digests out of REPOSITORY@DIGEST references.
func registryDigests(references []string) []string {
	var digests []string
	for _, ref := range references {
		if _, digest, ok := strings.Cut(ref, "@"); ok && digestShape.MatchString(digest) {
			digests = append(digests, digest)
		}
	}
	return digests
}

// add checks one match and adds it.
func (r *Report) add(m vuln.Match) error {
	if len(r.Matches) == maxMatches {
		return fmt.Errorf("it has more than %d matches: %w", maxMatches, fault.ErrInvalid)
	}
	m.ID = clean(m.ID)
	m.Aliases = names(m.Aliases, m.ID)
	m.FixedIn = names(m.FixedIn, "")
	m.Package = vuln.Package{
		Name: clean(m.Package.Name), Version: clean(m.Package.Version), Type: clean(m.Package.Type),
		PURL: clean(m.Package.PURL), Path: clean(m.Package.Path), Layer: clean(m.Package.Layer),
	}
	for _, f := range []struct{ name, value string }{{"vulnerability ID", m.ID}, {"package name", m.Package.Name}} {
		if f.value == "" {
			return fmt.Errorf("match %d has no %s: %w", len(r.Matches)+1, f.name, fault.ErrInvalid)
		}
	}
	m.Severity = severity(m.Severity)
	m.Description, m.URL, m.Source = clip(m.Description, maxText), webAddress(m.URL), clean(m.Source)
	if m.EPSS != nil && (m.EPSS.Score < 0 || m.EPSS.Score > 1 || m.EPSS.Percentile < 0 || m.EPSS.Percentile > 1) {
		return fmt.Errorf("match %d (%s) has an EPSS score outside 0 to 1: %w", len(r.Matches)+1, m.ID, fault.ErrInvalid)
	}
	if m.Fix == "" {
		m.Fix = vuln.FixUnknown
	}
	m.Exploit = m.Exploit || m.KEV
	r.Matches = append(r.Matches, m)
	return nil
}

// names cleans a list of names, each once and in order, without the one given.
func names(list []string, without string) []string {
	var out []string
	for _, v := range list {
		if v = clean(v); v != "" && v != without && len(out) < maxList {
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// severity gives the word of the vulnerability database for a scanner's.
func severity(word string) string {
	switch strings.ToLower(word) {
	case "critical":
		return "Critical"
	case "high":
		return "High"
	case "medium", "moderate":
		return "Medium"
	case "low":
		return "Low"
	case "negligible", "none", "info", "informational":
		return "Negligible"
	}
	return "Unknown"
}

// vectorShape is a CVSS vector, of any version: metrics of letters, each once named.
var vectorShape = regexp.MustCompile(`^(CVSS:[0-9]\.[0-9]/)?[A-Za-z]{1,4}:[A-Za-z]{1,8}(/[A-Za-z]{1,4}:[A-Za-z]{1,8}){3,40}$`)

// scoring checks one CVSS scoring; a vector that is none leaves it unknown.
func scoring(vector string, score float64) vuln.CVSS {
	vector = strings.Trim(vector, "() ")
	if !vectorShape.MatchString(vector) || score < 0 || score > 10 {
		return vuln.CVSS{}
	}
	version := "2.0"
	if rest, ok := strings.CutPrefix(vector, "CVSS:"); ok {
		version, _, _ = strings.Cut(rest, "/")
	}
	return vuln.CVSS{Vector: vector, Score: score, Version: version}
}

// newer prefers the scoring of the newer CVSS version, and else the first.
func newer(have, other vuln.CVSS) vuln.CVSS {
	if have.IsZero() || !other.IsZero() && other.Version > have.Version {
		return other
	}
	return have
}

// moment reads a time of a report; one that cannot be read is none.
func moment(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly, "2006-01-02 15:04:05.999999999 -0700 MST"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// webAddress keeps an address that a browser may follow.
func webAddress(text string) string {
	if strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://") {
		return clean(text)
	}
	return ""
}

// clean makes a name of outside text: one line, no control characters, bounded.
func clean(text string) string {
	return clip(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, strings.TrimSpace(text)), maxName)
}

// clip bounds a text at a whole character.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
