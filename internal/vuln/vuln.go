// Package vuln holds what is known about software in a container image: its
// SBOM, its packages and the vulnerabilities they match.
//
// The SBOM is opaque bytes, so that the program that makes it and the program
// that reads it may change without this package. Nothing here does I/O.
package vuln

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// SBOM is the catalog of one image, as bytes of one format.
type SBOM struct {
	// ImageDigest is the manifest digest of the catalogued image, "sha256:…".
	ImageDigest string `json:"image_digest"`
	// Tool names the program and version that made it, "syft 1.57.0". A cached
	// SBOM of another tool version is made again.
	Tool string `json:"tool"`
	// Format names the document's format: "syft-json" for our own, FormatCycloneDX.
	Format string `json:"format"`
	// OS is the operating system release found in the image; zero when there is none.
	OS OS `json:"os"`
	// Packages is the number of packages listed.
	Packages int `json:"packages"`
	// Document is the SBOM itself.
	Document []byte `json:"-"`
}

// FormatCycloneDX names CycloneDX JSON in SBOM.Format.
const FormatCycloneDX = "cyclonedx-json"

// OS is an operating system release as /etc/os-release states it.
type OS struct {
	ID      string `json:"id,omitempty"`      // "debian"
	Version string `json:"version,omitempty"` // "11"
	Name    string `json:"name,omitempty"`    // "Debian GNU/Linux 11 (bullseye)"
	// EndOfLife is the day after which the release gets no fixes, from the
	// vulnerability database; zero when the database does not know.
	EndOfLife time.Time `json:"end_of_life,omitzero"`
}

// IsZero reports whether no operating system was found.
func (o OS) IsZero() bool { return o.ID == "" && o.Name == "" }

// String gives the name a person knows, or "" when nothing was found.
func (o OS) String() string {
	if o.Name != "" {
		return o.Name
	}
	return strings.TrimSpace(o.ID + " " + o.Version)
}

// Package is one installed piece of software.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Type    string `json:"type"`           // deb, apk, npm, go-module, java-archive …
	PURL    string `json:"purl,omitempty"` // package URL
	Path    string `json:"path,omitempty"` // where in the image it was found
	// Layer is the diff ID of the layer that brought it, "sha256:…".
	Layer string `json:"layer,omitempty"`
}

// Fix states what is known about a fixed version.
type Fix string

// The fix states of the vulnerability database.
const (
	FixUnknown  Fix = "unknown"
	FixKnown    Fix = "fixed"
	FixNone     Fix = "not-fixed"
	FixDeclined Fix = "wont-fix"
)

// Match is one package that has one vulnerability.
type Match struct {
	ID      string   `json:"id"`                // CVE-…, GHSA-…, GO-…
	Aliases []string `json:"aliases,omitempty"` // other names of the same vulnerability
	Package Package  `json:"package"`
	// Severity is the word of the source: Critical, High, Medium, Low, Negligible, Unknown.
	Severity string `json:"severity"`
	// CVSS is the vector that decides reachability, the newest version known.
	CVSS CVSS `json:"cvss,omitzero"`
	// EPSS is FIRST's probability of exploitation in the next 30 days; nil when
	// there is no score yet, which is unknown and not zero.
	EPSS *EPSS `json:"epss,omitempty"`
	// KEV tells whether CISA lists it as known to be exploited.
	KEV bool `json:"kev,omitempty"`
	// Exploit tells whether a public exploit is known.
	Exploit     bool     `json:"exploit,omitempty"`
	Fix         Fix      `json:"fix"`
	FixedIn     []string `json:"fixed_in,omitempty"` // versions that carry the fix
	Description string   `json:"description,omitempty"`
	URL         string   `json:"url,omitempty"`
	// Source is the database namespace or provider that knew it.
	Source string `json:"source,omitempty"`
}

// EPSS is a score of the Exploit Prediction Scoring System.
type EPSS struct {
	Score      float64   `json:"score"`      // 0–1
	Percentile float64   `json:"percentile"` // 0–1
	Date       time.Time `json:"date,omitzero"`
}

// CVSS is one scoring of a vulnerability.
type CVSS struct {
	Vector  string  `json:"vector,omitempty"`
	Score   float64 `json:"score,omitempty"`
	Version string  `json:"version,omitempty"`
}

// IsZero reports whether there is no scoring.
func (c CVSS) IsZero() bool { return c.Vector == "" && c.Score == 0 }

// Metric returns the value of one metric of the vector, as Metric("AV") is "N"
// in CVSS:3.1/AV:N/…; "" when the vector does not state it.
func (c CVSS) Metric(name string) string {
	rest := c.Vector
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		if v, ok := strings.CutPrefix(part, name); ok && strings.HasPrefix(v, ":") {
			return v[1:]
		}
	}
	return ""
}

// NetworkExploitable reports whether the vector says that an attacker needs only
// the network: attack vector Network, no privileges, no user interaction.
// CVSS v2 has neither of the last two; AV:N with Au:N stands for them.
func (c CVSS) NetworkExploitable() bool {
	if c.Metric("AV") != "N" {
		return false
	}
	if c.Metric("Au") != "" {
		return c.Metric("Au") == "N"
	}
	return c.Metric("PR") == "N" && c.Metric("UI") == "N"
}

// CVE returns the CVE number of the match, from its ID or its aliases; else the ID.
func (m Match) CVE() string {
	if strings.HasPrefix(m.ID, "CVE-") {
		return m.ID
	}
	for _, a := range m.Aliases {
		if strings.HasPrefix(a, "CVE-") {
			return a
		}
	}
	return m.ID
}

// Compare orders matches worst first: KEV, public exploit, EPSS, CVSS score,
// then ID, package name, version and path, so that the order is total.
func Compare(a, b Match) int {
	return cmp.Or(
		compareBool(b.KEV, a.KEV),
		compareBool(b.Exploit, a.Exploit),
		cmp.Compare(epss(b), epss(a)),
		cmp.Compare(b.CVSS.Score, a.CVSS.Score),
		cmp.Compare(a.ID, b.ID),
		cmp.Compare(a.Package.Name, b.Package.Name),
		cmp.Compare(a.Package.Version, b.Package.Version),
		cmp.Compare(a.Package.Path, b.Package.Path),
	)
}

// Sort orders matches worst first, in place.
func Sort(ms []Match) { slices.SortFunc(ms, Compare) }

// epss ranks a missing score below every known one; for ordering only.
func epss(m Match) float64 {
	if m.EPSS == nil {
		return -1
	}
	return m.EPSS.Score
}

func compareBool(a, b bool) int {
	if a == b {
		return 0
	}
	if a {
		return 1
	}
	return -1
}

// Report is the answer of the vulnerability database for one SBOM.
type Report struct {
	// Database is the build that answered, as "v6.1.10 2026-11-01T00:00:00Z".
	Database string `json:"database"`
	// OS is the image's operating system, with its end of life where known.
	OS OS `json:"os"`
	// Matches are ordered worst first.
	Matches []Match `json:"matches"`
}
