package image_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/image"
	"github.com/eksposure/eksposure/internal/vuln"
)

func TestName(t *testing.T) {
	for _, c := range []struct{ reference, repository, digest, want string }{
		{"registry.example.com/shop/web:1.2", "registry.example.com/shop/web", "sha256:aaaabbbbccccdddd", "shop/web:1.2"},
		{"registry.example.com:5000/shop/web:1.2@sha256:aaaabbbbccccdddd", "", "sha256:aaaabbbbccccdddd", "shop/web:1.2"},
		{"registry.example.com:5000/web", "registry.example.com:5000/web", "sha256:aaaabbbbccccdddd", "web@aaaabbbbcccc"},
		{"nginx", "docker.io/library/nginx", "sha256:aa", "nginx@aa"},
		{"sha256:ffff", "ghcr.io/acme/api", "sha256:aaaabbbbccccdddd", "acme/api@aaaabbbbcccc"},
		{"library/web:1", "", "", "library/web:1"},
	} {
		u := image.Use{Reference: c.reference, Repository: c.repository, Digest: c.digest}
		if got := u.Name(); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

func container(name, digest string, running int) inventory.Container {
	return inventory.Container{Name: name, Kind: inventory.ContainerRegular, Reference: name, Digest: digest, Repository: "r/" + name, Running: running}
}

// TestUses: pods are counted once for an image, and workloads that do not run it
// are named only when none does.
func TestUses(t *testing.T) {
	s := &inventory.Snapshot{
		Workloads: []inventory.Workload{
			{Namespace: "a", Kind: "Deployment", Name: "idle", Containers: []inventory.Container{container("web", "sha256:1", 0)}},
			{Namespace: "a", Kind: "Deployment", Name: "two", Containers: []inventory.Container{container("web", "sha256:1", 3), container("web2", "sha256:1", 3), container("gone", "sha256:2", 0)}},
			{Namespace: "b", Kind: "Deployment", Name: "more", Containers: []inventory.Container{container("web", "sha256:1", 2), container("new", "", 0), container("local", "", 1)}},
			{Namespace: "b", Kind: "Deployment", Name: "last", Containers: []inventory.Container{container("web", "sha256:1", 0)}},
		},
		Images: []inventory.Image{{Digest: "sha256:1"}, {Digest: "sha256:2"}},
	}
	type row struct {
		Name      string
		Running   int
		Workloads string
		Unread    bool
	}
	var got []row
	for _, u := range image.Uses(s) {
		got = append(got, row{u.Name(), u.Running, fmt.Sprint(u.Workloads), u.Unread != ""})
	}
	want := []row{
		{"gone@2", 0, "[a/Deployment/two]", false},
		{"local", 1, "[b/Deployment/more]", true},
		{"web@1", 5, "[a/Deployment/two b/Deployment/more]", false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func match(id, name, version string, fixed ...string) vuln.Match {
	m := vuln.Match{ID: id, Package: vuln.Package{Name: name, Version: version, Type: "npm"}, FixedIn: fixed}
	if len(fixed) > 0 {
		m.Fix = vuln.FixKnown
	}
	return m
}

func detect(matches ...vuln.Match) *exposure.ImageEvidence {
	s := &inventory.Snapshot{
		Workloads: []inventory.Workload{{Namespace: "a", Kind: "Deployment", Name: "w", Running: 1, Containers: []inventory.Container{container("web", "sha256:1", 1)}}},
		Images:    []inventory.Image{{Digest: "sha256:1", Database: "v6", Matches: matches}},
	}
	found := image.Detect(s, image.Question{
		Variant: "v", Keep: func(*vuln.Match) bool { return true }, Explain: func(*exposure.Evidence) string { return "" },
	})
	if len(found) == 0 {
		return nil
	}
	return found[0].Image
}

// TestFixedVersion: for each vulnerability the lowest fix above the installed
// version, and of these the highest.
func TestFixedVersion(t *testing.T) {
	for _, c := range []struct {
		why     string
		matches []vuln.Match
		want    string
	}{
		{"one", []vuln.Match{match("CVE-1", "a", "1.0.0", "1.0.1")}, "1.0.1"},
		{"the release line that is installed", []vuln.Match{match("CVE-1", "a", "2.1.0", "1.9.9", "2.1.5", "3.0.1")}, "2.1.5"},
		{"all release lines are above", []vuln.Match{match("CVE-1", "a", "1.0.0", "3.0.1", "1.10.1", "1.9.0")}, "1.9.0"},
		{"none is above", []vuln.Match{match("CVE-1", "a", "4.0.0", "3.0.1", "1.9.0")}, "1.9.0"},
		{"highest of several vulnerabilities", []vuln.Match{match("CVE-1", "a", "1.0.0", "1.0.10"), match("CVE-2", "a", "1.0.0", "1.0.9"), match("CVE-3", "a", "1.0.0")}, "1.0.10"},
	} {
		e := detect(c.matches...)
		if len(e.Fixes) != 1 || e.Fixes[0].FixedIn != c.want {
			t.Errorf("%s: %+v, want %s", c.why, e.Fixes, c.want)
		}
	}
}

// TestCounts: a vulnerability counts once, with everything that any match knows of it.
func TestCounts(t *testing.T) {
	kev := match("GHSA-1", "a", "1.0.0", "1.0.1")
	kev.Aliases, kev.KEV = []string{"CVE-1"}, true
	scored := match("CVE-1", "b", "1.0.0")
	scored.EPSS, scored.Exploit = &vuln.EPSS{Score: 0.2}, true
	again := match("CVE-2", "c", "1.0.0", "1.0.2")
	other := again
	other.Package.Path = "/elsewhere"
	e := detect(kev, scored, again, other)
	got := []int{e.Vulnerabilities, e.Fixable, e.KEV, e.Exploits, e.UnknownEPSS, len(e.Worst), len(e.Fixes), e.Fixes[1].Vulnerabilities}
	if diff := cmp.Diff([]int{2, 2, 1, 1, 1, 2, 2, 1}, got); diff != "" || *e.MaxEPSS != 0.2 {
		t.Errorf("%+v: -want +got:\n%s", e, diff)
	}
	if detect() != nil {
		t.Error("an image without matches gave evidence")
	}
}

// TestManyMatches: an image with a great many matches stays quick and its
// evidence small.
func TestManyMatches(t *testing.T) {
	var matches []vuln.Match
	for i := range 20000 {
		matches = append(matches, match(fmt.Sprintf("CVE-%05d", i), fmt.Sprintf("package-%d", i%3000), fmt.Sprintf("1.0.%d", i%5), "2.0.0"))
	}
	e := detect(matches...)
	if e.Vulnerabilities != 20000 || len(e.Worst) != 5 || len(e.Fixes) != 10 || e.MoreFixes != 2990 {
		t.Errorf("%d vulnerabilities, %d worst, %d fixes and %d more", e.Vulnerabilities, len(e.Worst), len(e.Fixes), e.MoreFixes)
	}
}
