package inventory_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

func TestReach(t *testing.T) {
	match := func(id, name, severity string, score float64) vuln.Match {
		return vuln.Match{ID: id, Package: vuln.Package{Name: name}, Severity: severity, EPSS: &vuln.EPSS{Score: score}}
	}
	wide, known := match("CVE-1", "openssl", "Low", 0.1), match("CVE-2", "curl", "High", 0.2)
	known.KEV, known.Fix = true, vuln.FixKnown
	unscored := vuln.Match{ID: "CVE-3", Package: vuln.Package{Name: "zlib"}, Severity: "Critical"}

	var r inventory.Reach
	r.Add(inventory.ReachMatches([]vuln.Match{wide, match("CVE-1", "libssl", "Medium", 0.1), known, known}), []int{0, 1, 64}, 3)
	r.Add(inventory.ReachMatches([]vuln.Match{wide}), []int{1, 200}, 2)
	r.Add(inventory.ReachMatches([]vuln.Match{unscored}), []int{7}, 0)

	want := []inventory.VulnerabilityRecord{
		{ID: "CVE-1", Severity: "Medium", EPSS: &vuln.EPSS{Score: 0.1}, Packages: []string{"libssl", "openssl"}, Images: 2, Clusters: 4, Running: 5},
		{ID: "CVE-2", Severity: "High", EPSS: &vuln.EPSS{Score: 0.2}, KEV: true, Fixable: true, Packages: []string{"curl"}, Images: 1, Clusters: 3, Running: 3},
		{ID: "CVE-3", Severity: "Critical", Packages: []string{"zlib"}, Images: 1, Clusters: 1},
	}
	if diff := cmp.Diff(want, r.Records(inventory.ByReach)); diff != "" {
		t.Errorf("by reach (-want +got):\n%s", diff)
	}
	for order, ids := range map[inventory.VulnerabilityOrder][]string{
		inventory.BySeverity: {"CVE-3", "CVE-2", "CVE-1"}, inventory.ByEPSS: {"CVE-2", "CVE-1", "CVE-3"},
	} {
		var got []string
		for _, v := range r.Records(order) {
			got = append(got, v.ID)
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("by %s (-want +got):\n%s", order, diff)
		}
	}
}
