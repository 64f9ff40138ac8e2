package vuln_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/vuln"
)

func TestNetworkExploitable(t *testing.T) {
	tests := []struct {
		vector string
		want   bool
	}{
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", true},
		{"CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", true},
		{"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", false},
		{"CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", false},
		{"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", false},
		{"AV:N/AC:L/Au:N/C:P/I:P/A:P", true},
		{"AV:N/AC:L/Au:S/C:P/I:P/A:P", false},
		{"", false},
		{"nonsense", false},
	}
	for _, test := range tests {
		if got := (vuln.CVSS{Vector: test.vector}).NetworkExploitable(); got != test.want {
			t.Errorf("%q: got %v", test.vector, got)
		}
	}
}

func TestSortWorstFirst(t *testing.T) {
	ms := []vuln.Match{
		{ID: "CVE-5"},
		{ID: "CVE-4", EPSS: &vuln.EPSS{}},
		{ID: "CVE-3", EPSS: &vuln.EPSS{Score: 0.9}},
		{ID: "CVE-2", Exploit: true},
		{ID: "CVE-1", KEV: true},
	}
	vuln.Sort(ms)
	for i, want := range []string{"CVE-1", "CVE-2", "CVE-3", "CVE-4", "CVE-5"} {
		if ms[i].ID != want {
			t.Errorf("place %d: %s, want %s", i, ms[i].ID, want)
		}
	}
}
