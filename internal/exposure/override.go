package exposure

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Override is what a person or an automation rule set on a finding. It is in force
// until the facts that it was set on change; then the finding shows what the
// arithmetic and the scans say again.
type Override struct {
	// Severity is an OCSF severity name, empty when it was not set. Unlike the
	// arithmetic's it may be Informational, Fatal, Unknown or Other.
	Severity string `json:"severity,omitempty"`
	// Status is empty when it was not set.
	Status  Status `json:"status,omitempty"`
	Comment string `json:"comment,omitempty"`
	// By is a principal's ID, or "rule:" and the ID of an automation rule.
	By string    `json:"by"`
	At time.Time `json:"at"`
	// Facts is Finding.Facts as it was then.
	Facts string `json:"facts"`
}

// InForce reports whether the finding's facts are still those of the override.
func (o *Override) InForce(f *Finding) bool { return o != nil && o.Facts == f.Facts() }

// Facts names what a finding rests on: whether it is open, its computed severity,
// and its contributing traits with the rules that saw them. Two findings with the
// same facts differ in numbers at most: another CVE of the same kind, one more pod.
func (f *Finding) Facts() string {
	facts := []string{string(f.Severity)}
	if !f.Open() {
		facts = append(facts, "closed")
	}
	for _, t := range f.Traits {
		if t.Standing != Contributing {
			continue
		}
		facts = append(facts, "trait "+t.ID)
		for _, e := range t.Evidence {
			if e.Standing == Contributing {
				facts = append(facts, t.ID+" "+e.Variant)
			}
		}
	}
	slices.Sort(facts)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(facts), "\n")))
	return hex.EncodeToString(sum[:8])
}

// ShownStatus is the status that people see: the one that was set, else the scans'.
func (f *Finding) ShownStatus() Status {
	if f.Override != nil && f.Override.Status != "" {
		return f.Override.Status
	}
	return f.Status
}

// ShownSeverity is the severity name that people see: the one that was set, else
// that of the arithmetic.
func (f *Finding) ShownSeverity() string {
	if f.Override != nil && f.Override.Severity != "" {
		return f.Override.Severity
	}
	return string(f.Severity)
}
