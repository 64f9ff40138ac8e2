package inventory

import (
	"cmp"
	"math/bits"
	"slices"
	"unique"

	"github.com/eksposure/eksposure/internal/vuln"
)

// VulnerabilityRecord is one vulnerability over the fleet: how bad it is, and how far
// it reaches.
type VulnerabilityRecord struct {
	ID string `json:"id"`
	// Severity is the worst that the vulnerability database gives it in a package.
	Severity string    `json:"severity"`
	CVSS     vuln.CVSS `json:"cvss,omitzero"`
	// EPSS is nil when there is no score yet.
	EPSS    *vuln.EPSS `json:"epss,omitempty"`
	KEV     bool       `json:"kev,omitempty"`
	Exploit bool       `json:"exploit,omitempty"`
	// Fixable tells whether a package has a version that mends it.
	Fixable bool `json:"fixable,omitempty"`
	// Packages are the names of those that have it, cut at MaxReachPackages.
	Packages    []string `json:"packages"`
	Description string   `json:"description,omitempty"`
	// Images, Clusters and Running count where it is: images, the clusters that name
	// one of them, and running pods.
	Images   int `json:"images"`
	Clusters int `json:"clusters"`
	Running  int `json:"running"`
}

// MaxReachPackages bounds the names of packages of one vulnerability.
const MaxReachPackages = 5

// ReachMatch is what a match says of its vulnerability, without where in the image its
// package is: images share it, so that each is kept once.
type ReachMatch struct {
	ID, Package, Severity, Description string
	CVSS                               vuln.CVSS
	EPSS                               vuln.EPSS
	Scored, KEV, Exploit, Fixable      bool
}

// ReachMatches gives what the matches of one image say, each once.
func ReachMatches(matches []vuln.Match) []unique.Handle[ReachMatch] {
	list := make([]unique.Handle[ReachMatch], 0, len(matches))
	seen := make(map[unique.Handle[ReachMatch]]bool, len(matches))
	for i := range matches {
		m := &matches[i]
		r := ReachMatch{
			ID: m.ID, Package: m.Package.Name, Severity: m.Severity, Description: m.Description, CVSS: m.CVSS,
			Scored: m.EPSS != nil, KEV: m.KEV, Exploit: m.Exploit, Fixable: m.Fix == vuln.FixKnown,
		}
		if m.EPSS != nil {
			r.EPSS = *m.EPSS
		}
		if h := unique.Make(r); !seen[h] { // else a package that is there twice
			seen[h] = true
			list = append(list, h)
		}
	}
	return list
}

// Reach adds up the vulnerabilities of images over a fleet.
type Reach struct {
	found  map[string]*reached
	known  map[unique.Handle[ReachMatch]]*reached
	images int
}

type reached struct {
	VulnerabilityRecord

	clusters []uint64 // a bit for each
	image    int      // the last that has it, from 1 on
}

// Add adds one image: what its matches say, the numbers of the clusters that name it,
// and the pods that run it.
func (r *Reach) Add(matches []unique.Handle[ReachMatch], clusters []int, running int) {
	if r.found == nil {
		r.found, r.known = map[string]*reached{}, map[unique.Handle[ReachMatch]]*reached{}
	}
	r.images++
	for _, m := range matches {
		v := r.known[m]
		if v == nil {
			v = r.learn(m)
		}
		if v.image == r.images {
			continue // in several packages of one image
		}
		v.image = r.images
		v.Images++
		v.Running += running
		for _, c := range clusters {
			v.set(c)
		}
	}
}

// learn takes the worst of what matches say of a vulnerability.
func (r *Reach) learn(h unique.Handle[ReachMatch]) *reached {
	m := h.Value()
	v := r.found[m.ID]
	if v == nil {
		v = &reached{VulnerabilityRecord: VulnerabilityRecord{ID: m.ID, Packages: []string{}}}
		r.found[m.ID] = v
	}
	r.known[h] = v
	if SeverityRank(m.Severity) > SeverityRank(v.Severity) || v.Severity == "" {
		v.Severity = m.Severity
	}
	if m.CVSS.Score > v.CVSS.Score {
		v.CVSS = m.CVSS
	}
	if m.Scored && (v.EPSS == nil || m.EPSS.Score > v.EPSS.Score) {
		v.EPSS = &m.EPSS
	}
	v.KEV, v.Exploit, v.Fixable = v.KEV || m.KEV, v.Exploit || m.Exploit, v.Fixable || m.Fixable
	v.Description = cmp.Or(v.Description, m.Description)
	if len(v.Packages) < MaxReachPackages && !slices.Contains(v.Packages, m.Package) {
		v.Packages = append(v.Packages, m.Package)
		slices.Sort(v.Packages)
	}
	return v
}

func (v *reached) set(cluster int) {
	for len(v.clusters) <= cluster/64 {
		v.clusters = append(v.clusters, 0)
	}
	v.clusters[cluster/64] |= 1 << (cluster % 64)
}

// Records gives the vulnerabilities that were added, in the order asked for.
func (r *Reach) Records(order VulnerabilityOrder) []VulnerabilityRecord {
	list := make([]VulnerabilityRecord, 0, len(r.found))
	for _, v := range r.found {
		record := v.VulnerabilityRecord
		for _, word := range v.clusters {
			record.Clusters += bits.OnesCount64(word)
		}
		list = append(list, record)
	}
	slices.SortFunc(list, order.Compare)
	return list
}

// VulnerabilityOrder is what vulnerabilities are ranked by.
type VulnerabilityOrder string

// The orders. Each goes on with the others where two are equal.
const (
	ByReach    VulnerabilityOrder = "reach"
	BySeverity VulnerabilityOrder = "severity"
	ByEPSS     VulnerabilityOrder = "epss"
)

// Compare puts the greater first, and equal ones in the order of their IDs.
func (o VulnerabilityOrder) Compare(a, b VulnerabilityRecord) int {
	reach := cmp.Or(cmp.Compare(b.Clusters, a.Clusters), cmp.Compare(b.Running, a.Running), cmp.Compare(b.Images, a.Images))
	severity := cmp.Or(cmp.Compare(SeverityRank(b.Severity), SeverityRank(a.Severity)), cmp.Compare(b.CVSS.Score, a.CVSS.Score))
	epss := cmp.Compare(b.score(), a.score())
	switch o {
	case BySeverity:
		return cmp.Or(severity, epss, reach, cmp.Compare(a.ID, b.ID))
	case ByEPSS:
		return cmp.Or(epss, severity, reach, cmp.Compare(a.ID, b.ID))
	case ByReach:
	}
	return cmp.Or(reach, severity, epss, cmp.Compare(a.ID, b.ID))
}

// score is below every score where there is none.
func (v VulnerabilityRecord) score() float64 {
	if v.EPSS == nil {
		return -1
	}
	return v.EPSS.Score
}

// SeverityRank orders the severities of vulnerability databases, 5 for Critical; what
// is not known is 0.
func SeverityRank(severity string) int {
	return slices.Index([]string{"Negligible", "Low", "Medium", "High", "Critical"}, severity) + 1
}
