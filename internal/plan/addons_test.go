package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// dns are versions of an add-on, as EKS lists them.
func dns() []plan.AddonRelease {
	fits := []string{"1.34"}
	return []plan.AddonRelease{
		{Name: "coredns", Version: "v1.13.0-eksbuild.1", Fits: []string{"1.35"}},
		{Name: "coredns", Version: "v1.12.9-eksbuild.1", Fits: fits},
		{Name: "coredns", Version: "v1.12.4-eksbuild.1", Fits: fits},
		{Name: "coredns", Version: "v1.12.3-eksbuild.1", Fits: fits},
		{Name: "coredns", Version: "v1.11.10-eksbuild.2", Fits: fits, DefaultOf: fits},
		{Name: "coredns", Version: "v1.10.2-eksbuild.1", Fits: fits},
		{Name: "coredns", Version: "v1.10.1-eksbuild.18", Fits: fits},
		{Name: "coredns", Version: "v1.10.1-eksbuild.7", Fits: fits},
		{Name: "coredns", Version: "v1.10.1-eksbuild.6", Fits: fits},
		{Name: "kube-proxy", Version: "v1.34.0-eksbuild.1", Fits: fits},
	}
}

func TestAddonCandidates(t *testing.T) {
	for _, tt := range []struct {
		why, installed, kubernetes string
		want                       []string
	}{
		{"the same minor version first, then the default, then the newest two", "v1.10.1-eksbuild.6", "1.34", []string{
			"v1.10.2-eksbuild.1", "v1.10.1-eksbuild.18", "v1.10.1-eksbuild.7", "v1.11.10-eksbuild.2", "v1.12.9-eksbuild.1", "v1.12.4-eksbuild.1",
		}},
		{"the default is older", "v1.12.3-eksbuild.1", "1.34", []string{"v1.12.9-eksbuild.1", "v1.12.4-eksbuild.1"}},
		{"the newest is there", "v1.12.9-eksbuild.1", "1.34", nil},
		{"no version for that Kubernetes", "v1.10.1-eksbuild.6", "1.20", nil},
	} {
		on := inventory.Addon{Name: "coredns", Version: tt.installed, Status: "DEGRADED"}
		if diff := cmp.Diff(tt.want, plan.AddonCandidates(dns(), on, tt.kubernetes)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.why, diff)
		}
		if on.Status = "CREATING"; len(plan.AddonCandidates(dns(), on, tt.kubernetes)) > 0 {
			t.Errorf("%s: an add-on that is being made has candidates", tt.why)
		}
	}
}

func TestAddonTag(t *testing.T) {
	for _, tt := range []struct{ tag, from, to, want string }{
		{"v1.10.1-eksbuild.6", "v1.10.1-eksbuild.6", "v1.11.4-eksbuild.2", "v1.11.4-eksbuild.2"},
		{"v1.31.2-minimal-eksbuild.3", "v1.31.2-eksbuild.3", "v1.32.0-eksbuild.1", "v1.32.0-minimal-eksbuild.1"},
		{"v1.38.1", "v1.38.1-eksbuild.2", "v1.39.0-eksbuild.1", "v1.39.0"},
		{"v1.38.1-linux", "v1.38.1-eksbuild.2", "v1.39.0-eksbuild.1", "v1.39.0-linux"},
		{"v5.1.0-eks-1-31-7", "v1.37.0-eksbuild.1", "v1.38.1-eksbuild.2", ""},
		{"v1.10.12-eksbuild.6", "v1.10.1-eksbuild.6", "v1.11.4-eksbuild.2", ""},
		{"v1.10.1-eksbuild.5", "v1.10.1-eksbuild.6", "v1.11.4-eksbuild.2", ""},
		{"v1.10.1-eksbuild.6", "v1.10.1-eksbuild.6", "v2", ""},
		{"", "v1.10.1-eksbuild.6", "v1.11.4-eksbuild.2", ""},
	} {
		got, ok := plan.AddonTag(tt.tag, tt.from, tt.to)
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%q of %s at %s: %q, %t, want %q", tt.tag, tt.from, tt.to, got, ok, tt.want)
		}
	}
}

// image is what a version of the add-on ships.
func image(version string) plan.ShippedImage {
	const repository = "602401143452.dkr.ecr.eu-central-1.amazonaws.com/eks/coredns"
	return plan.ShippedImage{Reference: repository + ":" + version, Repository: repository, Digest: "sha256:" + version}
}

const installed = "v1.10.1-eksbuild.6"

// withCoreDNS is a cluster that runs the add-on.
func withCoreDNS() *inventory.Snapshot {
	was := image(installed)
	return &inventory.Snapshot{
		Cluster: inventory.Cluster{Version: "1.34"},
		Addons:  []inventory.Addon{{Name: "coredns", Version: installed, Status: "ACTIVE", RoleARN: "arn:aws:iam::111122223333:role/dns"}},
		Workloads: []inventory.Workload{{
			Namespace: "kube-system", Kind: "Deployment", Name: "coredns",
			Containers: []inventory.Container{{Name: "coredns", Reference: was.Reference, Repository: was.Repository, Digest: was.Digest, Running: 2}},
		}},
	}
}

// tried is a version that was looked at: proved, without the fix, or unread for a reason.
func tried(version, came string) plan.AddonTrial {
	i := plan.ImageTrial{Was: image(installed), Is: image(version)}
	switch came {
	case "proved":
	case "lacks":
		i.Lack = "CVE-1 is left, which has a fix"
	default:
		i.Unread = came
	}
	return plan.AddonTrial{Version: version, Images: []plan.ImageTrial{i}}
}

// foreign is an image whose tag tells nothing of the add-on's version.
const foreign = "of another project"

// with gives a version another image.
func with(t plan.AddonTrial, came string) plan.AddonTrial {
	i := tried(t.Version, came).Images[0]
	i.Was.Digest, i.Apart = "sha256:another", came == foreign
	t.Images = append(t.Images, i)
	return t
}

func TestDraftAddons(t *testing.T) {
	const unread = "no such tag"
	for _, tt := range []struct {
		name   string
		change func(*inventory.Snapshot)
		trials []plan.AddonTrial
		// to is the version that is chosen; empty for none.
		to     string
		risk   plan.Risk
		images plan.Verdict
		says   string
	}{
		{"proved", nil, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", "lacks"), tried("v1.11.4-eksbuild.2", "proved")}, "v1.11.4-eksbuild.2", plan.RiskMedium, plan.Passed, "read, too, and not taken: v1.10.2-eksbuild.1: CVE-1 is left, which has a fix."},
		{"a build of the same minor version", nil, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", "proved")}, "v1.10.2-eksbuild.1", plan.RiskLow, plan.Passed, ""},
		{"one that was read goes before one that was not", nil, []plan.AddonTrial{tried("v1.12.4-eksbuild.1", unread), tried("v1.11.4-eksbuild.2", "proved")}, "v1.11.4-eksbuild.2", plan.RiskMedium, plan.Passed, ""},
		{"not read", nil, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", unread), tried("v1.11.4-eksbuild.2", unread)}, "v1.10.2-eksbuild.1", plan.RiskLow, plan.Unknown, "as vulnerable as now"},
		{"not read, and a newer one lacks the fix", nil, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", unread), tried("v1.11.4-eksbuild.2", "lacks")}, "", "", plan.Failed, "Read and matched: v1.11.4-eksbuild.2: CVE-1 is left, which has a fix. Not read: no such tag."},
		{"not read, and an older one lacks the fix", nil, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", "lacks"), tried("v1.11.4-eksbuild.2", unread)}, "v1.11.4-eksbuild.2", plan.RiskMedium, plan.Unknown, "as vulnerable as now"},
		{"as far as it can be read", nil, []plan.AddonTrial{with(tried("v1.12.4-eksbuild.1", unread), "proved"), with(tried("v1.11.4-eksbuild.2", "proved"), foreign)}, "v1.11.4-eksbuild.2", plan.RiskMedium, plan.Unknown, "as vulnerable as now"},
		{"a sidecar's tag tells nothing, and the driver lacks the fix", nil, []plan.AddonTrial{with(tried("v1.11.4-eksbuild.2", "lacks"), foreign)}, "", "", plan.Failed, "mends it. Read and matched: v1.11.4-eksbuild.2: "},
		{"none has the fix", nil, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", "lacks")}, "", "", plan.Failed, "No newer version of the add-on coredns for Kubernetes 1.34 mends it"},
		{"none is newer", nil, nil, "", "", plan.Failed, "EKS offers no newer version of the add-on coredns than v1.10.1-eksbuild.6 for Kubernetes 1.34."},
		{"degraded", func(s *inventory.Snapshot) { s.Addons[0].Status = "DEGRADED" }, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", "proved")}, "v1.10.2-eksbuild.1", plan.RiskLow, plan.Passed, ""},
		{"being deleted", func(s *inventory.Snapshot) { s.Addons[0].Status = "DELETING" }, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", "proved")}, "", "", plan.Failed, "The add-on coredns is DELETING"},
		{"gone", func(s *inventory.Snapshot) { s.Addons = nil }, []plan.AddonTrial{tried("v1.10.2-eksbuild.1", "proved")}, "", "", plan.Failed, "is not installed any more"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := withCoreDNS()
			if tt.change != nil {
				tt.change(s)
			}
			evidence := exposure.Evidence{Image: &exposure.ImageEvidence{Digest: image(installed).Digest, Fixes: []exposure.Fix{{Package: "golang.org/x/net"}}}}
			actions, checks, notes := plan.DraftAddons(plan.AddonWork{Snapshot: s, Addons: []plan.VulnerableAddon{
				{Name: "coredns", Evidence: []exposure.Evidence{evidence}, Trials: tt.trials, Back: true},
			}})
			if checks[0].Name != "images" || checks[0].Verdict != tt.images || !strings.Contains(strings.Join(notes, "\n"), tt.says) {
				t.Errorf("checks %+v, notes %q", checks, notes)
			}
			if tt.to == "" {
				if len(actions) > 0 {
					t.Errorf("actions %+v", actions)
				}
				return
			}
			if len(actions) != 1 || actions[0].To.Addon.Version != tt.to || actions[0].Risk != tt.risk {
				t.Fatalf("actions %+v", actions)
			}
			a := actions[0]
			if !slices.Contains(a.Permissions, "iam:PassRole") || a.To.Addon.RoleARN == "" || !a.Now(s).Equal(a.From) {
				t.Errorf("action %+v does not keep the role", a)
			}
			back, ok := a.Inverse()
			if !ok || back.To.Addon.Version != installed {
				t.Errorf("inverse %+v", back)
			}
			then := a.Then(s)
			runs, want := then.Workloads[0].Containers[0].Digest, image(tt.to).Digest
			read := len(a.To.Addon.Images) > 0
			if !read {
				want = image(installed).Digest // what was not read is as before
			}
			if runs != want || then.Addons[0].Version != tt.to || s.Workloads[0].Containers[0].Digest != image(installed).Digest || len(a.Fixes) > 0 != read || !read && tt.images == plan.Passed {
				t.Errorf("then it runs %s, want %s; fixes %v", runs, want, a.Fixes)
			}
		})
	}
}

// A plan about operating systems says so.
func TestDraftAddonsForTheirSystem(t *testing.T) {
	_, checks, _ := plan.DraftAddons(plan.AddonWork{Snapshot: withCoreDNS(), System: true, Addons: []plan.VulnerableAddon{
		{Name: "coredns", Trials: []plan.AddonTrial{tried("v1.11.4-eksbuild.2", "proved")}},
	}})
	for name, says := range map[string]string{"images": "its operating system is supported", "behaviour": "another release of the operating system"} {
		if !slices.ContainsFunc(checks, func(c plan.Check) bool { return c.Name == name && strings.Contains(c.Detail, says) }) {
			t.Errorf("no check %s says %q: %+v", name, says, checks)
		}
	}
}

// An add-on goes back only to a version that EKS offers.
func TestAddonsThatDoNotGoBack(t *testing.T) {
	actions, _, _ := plan.DraftAddons(plan.AddonWork{Snapshot: withCoreDNS(), Addons: []plan.VulnerableAddon{
		{Name: "coredns", Trials: []plan.AddonTrial{tried("v1.11.4-eksbuild.2", "proved")}},
	}})
	if len(actions) != 1 || !strings.Contains(actions[0].Irreversible, "does not offer v1.10.1-eksbuild.6 of coredns for Kubernetes 1.34") {
		t.Errorf("actions %+v", actions)
	}
}

func TestAddonsCheck(t *testing.T) {
	actions, _, _ := plan.DraftAddons(plan.AddonWork{Snapshot: withCoreDNS(), Addons: []plan.VulnerableAddon{
		{Name: "coredns", Trials: []plan.AddonTrial{tried("v1.12.4-eksbuild.1", "proved")}},
	}})
	for _, tt := range []struct {
		why    string
		change func(*inventory.Snapshot, *plan.Reading[plan.AddonRelease])
		want   plan.Verdict
	}{
		{"as it was", func(*inventory.Snapshot, *plan.Reading[plan.AddonRelease]) {}, plan.Passed},
		{"its versions cannot be read", func(_ *inventory.Snapshot, r *plan.Reading[plan.AddonRelease]) { r.Items, r.Unread = nil, "denied" }, plan.Unknown},
		{"the add-ons cannot be read", func(s *inventory.Snapshot, _ *plan.Reading[plan.AddonRelease]) {
			s.Addons, s.Gaps = nil, []inventory.Gap{{Section: inventory.SectionAddons, Detail: "denied"}}
		}, plan.Unknown},
		{"its version is taken back", func(_ *inventory.Snapshot, r *plan.Reading[plan.AddonRelease]) { r.Items = nil }, plan.Failed},
		{"another Kubernetes", func(s *inventory.Snapshot, _ *plan.Reading[plan.AddonRelease]) { s.Cluster.Version = "1.35" }, plan.Failed},
		{"it could not be deleted", func(s *inventory.Snapshot, _ *plan.Reading[plan.AddonRelease]) { s.Addons[0].Status = "DELETE_FAILED" }, plan.Failed},
	} {
		s, read := withCoreDNS(), plan.Reading[plan.AddonRelease]{Items: dns()}
		tt.change(s, &read)
		if got := plan.AddonsCheck(s, actions, read); got.Name != "add-ons" || got.Verdict != tt.want {
			t.Errorf("%s: %+v, want %s", tt.why, got, tt.want)
		}
	}
}
