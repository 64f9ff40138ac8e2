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

const (
	oldDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000001"
	newDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000002"
	appRepo   = "registry.example:5000/team/app"
)

// running is a cluster with one workload of a container on the old image.
func running(kind, reference string) (*inventory.Snapshot, inventory.WorkloadRef) {
	s := open()
	ref := inventory.WorkloadRef{Namespace: "team", Kind: kind, Name: "app"}
	s.Workloads = []inventory.Workload{{
		Namespace: ref.Namespace, Kind: kind, Name: ref.Name, Running: 1,
		Containers: []inventory.Container{{Name: "app", Kind: inventory.ContainerRegular, Reference: reference, Repository: appRepo, Digest: oldDigest, Running: 1}},
	}}
	return s, ref
}

// work is that the workload's image has a successor, unless why says that it has none.
func work(s *inventory.Snapshot, ref inventory.WorkloadRef, tag, why string) plan.ImageWork {
	c := s.Workloads[0].Containers[0]
	successor := plan.Successor{Tag: tag, Digest: newDigest}
	if why != "" {
		successor = plan.Successor{Why: why}
	}
	template := plan.WorkloadImages{Workload: ref, Containers: []plan.ContainerImage{{Name: c.Name, Reference: c.Reference}}}
	return plan.ImageWork{
		Snapshot: s, Rollouts: map[inventory.WorkloadRef]plan.Rollout{ref: {Images: template}},
		Images: []plan.Vulnerable{{Successor: successor, Evidence: exposure.Evidence{
			Standing: exposure.Contributing, Resource: inventory.ResourceRef{Name: "team/app:1.0.0"}, Workloads: []inventory.WorkloadRef{ref},
			Image: &exposure.ImageEvidence{Digest: oldDigest, Repository: appRepo, Reference: c.Reference},
		}}},
	}
}

func TestDraftImages(t *testing.T) {
	for _, tt := range []struct {
		why, kind, reference, tag string
		change                    func(*plan.ImageWork)
		to                        string // empty: no action
		risk                      plan.Risk
		note                      string
	}{
		{"another patch", "Deployment", appRepo + ":1.0.0", "1.0.1", nil, appRepo + ":1.0.1@" + newDigest, plan.RiskLow, ""},
		{"another minor version", "StatefulSet", appRepo + ":1.0.0", "1.2.0", nil, appRepo + ":1.2.0@" + newDigest, plan.RiskMedium, ""},
		{"a pinned one", "DaemonSet", appRepo + ":1.0.0@" + oldDigest, "1.0.1", nil, appRepo + ":1.0.1@" + newDigest, plan.RiskLow, ""},
		{"a short name stays short", "Deployment", "app:bookworm", "bookworm", nil, "app:bookworm@" + newDigest, plan.RiskLow, ""},
		{"a CronJob", "CronJob", appRepo + ":1.0.0", "1.0.1", nil, appRepo + ":1.0.1@" + newDigest, plan.RiskLow, ""},
		{"a Job", "Job", appRepo + ":1.0.0", "1.0.1", nil, "", "", "team/Job/app is not changed by eksposure: make it again from what made it, app with " + appRepo + ":1.0.1@" + newDigest},
		{"what was not looked at", "Deployment", appRepo + ":1.0.0", "1.0.1", func(w *plan.ImageWork) { clear(w.Rollouts) }, "", "", "could not be looked at"},
		{"an owner", "Deployment", appRepo + ":1.0.0", "1.0.1", func(w *plan.ImageWork) { rollout(w, func(r *plan.Rollout) { r.Owner = "App/app" }) }, "", "", "is made by App/app"},
		{"paused", "Deployment", appRepo + ":1.0.0", "1.0.1", func(w *plan.ImageWork) { rollout(w, func(r *plan.Rollout) { r.Held = "it is paused" }) }, "", "", "it is paused"},
		{
			"the template says otherwise", "Deployment", appRepo + ":1.0.0", "1.0.1",
			func(w *plan.ImageWork) {
				rollout(w, func(r *plan.Rollout) { r.Images.Containers[0].Reference = "mirror/app:1.0.0" })
			}, "", "", "does not ask for app with " + appRepo + ":1.0.0",
		},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s, ref := running(tt.kind, tt.reference)
			w := work(s, ref, tt.tag, "")
			if tt.change != nil {
				tt.change(&w)
			}
			actions, checks, notes := plan.DraftImages(w)
			if said := strings.Join(notes, "\n"); !strings.Contains(said, tt.note) || tt.note == "" && said != "" {
				t.Errorf("notes %q, want %q", said, tt.note)
			}
			if tt.to == "" {
				if len(actions) > 0 || checks[0].Verdict != plan.Failed {
					t.Errorf("actions %+v, checks %+v", actions, checks)
				}
				return
			}
			if len(actions) != 1 {
				t.Fatalf("actions %+v", actions)
			}
			a := actions[0]
			if got := a.To.Images.Containers[0]; got.Reference != tt.to || got.Digest != newDigest || a.Risk != tt.risk || a.Irreversible != "" {
				t.Errorf("to %+v, risk %s", got, a.Risk)
			}
			if (a.Effect == plan.Deferred) != (tt.kind == "CronJob") || !slices.ContainsFunc(a.Permissions, func(p string) bool { return strings.HasPrefix(p, "patch "+strings.ToLower(tt.kind)) }) {
				t.Errorf("effect %s, permissions %v", a.Effect, a.Permissions)
			}
			back, ok := a.Inverse()
			if !ok || back.To.Images.Containers[0].Reference != tt.reference {
				t.Errorf("the inverse is %+v", back.To)
			}
			after := a.To.Put(s).Workloads[0].Containers[0].Digest
			if want := newDigest; (after == want) == (tt.kind == "CronJob") || s.Workloads[0].Containers[0].Digest != oldDigest {
				t.Errorf("afterwards it runs %s", after)
			}
		})
	}
}

func rollout(w *plan.ImageWork, change func(*plan.Rollout)) {
	for ref, r := range w.Rollouts {
		change(&r)
		w.Rollouts[ref] = r
	}
}

// A workload's vulnerable containers change at once, and the others stay.
func TestDraftImagesOfOneWorkload(t *testing.T) {
	s, ref := running("Deployment", appRepo+":1.0.0")
	old := s.Workloads[0].Containers[0]
	for name, kind := range map[string]inventory.ContainerKind{"setup": inventory.ContainerInit, "debugger": inventory.ContainerEphemeral, "injected": inventory.ContainerRegular} {
		c := old
		c.Name, c.Kind = name, kind
		s.Workloads[0].Containers = append(s.Workloads[0].Containers, c)
	}
	s.Normalize()
	w := work(s, ref, "1.0.1", "")
	rollout(&w, func(r *plan.Rollout) {
		r.Images.Containers = []plan.ContainerImage{{Name: "app", Reference: old.Reference}, {Name: "side", Reference: "side:1"}, {Name: "setup", Init: true, Reference: old.Reference}}
	})
	actions, _, notes := plan.DraftImages(w)
	if len(actions) != 1 || len(notes) != 1 || !strings.Contains(notes[0], "injected") {
		t.Fatalf("actions %+v, notes %q", actions, notes)
	}
	var names []string
	for _, c := range actions[0].To.Images.Containers {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"app", "setup"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A hint names each package with the layer that has it, and whose layer that is.
func TestRebuildHint(t *testing.T) {
	s, ref := running("Deployment", appRepo+":1.0.0")
	layers := func(ids ...string) []inventory.Layer {
		var list []inventory.Layer
		for _, id := range ids {
			list = append(list, inventory.Layer{DiffID: id})
		}
		return list
	}
	s.Images = []inventory.Image{
		{Digest: oldDigest, Repository: appRepo, Layers: layers("base", "runtime", "app")},
		{Digest: newDigest, Repository: "registry.example:5000/team/other", Layers: layers("base", "runtime", "other")},
	}
	w := work(s, ref, "", "no tag of its line has the fix")
	im := w.Images[0].Evidence.Image
	hint := func() string {
		_, _, notes := plan.DraftImages(w)
		return strings.Join(notes, "\n")
	}
	const head = "team/app:1.0.0 (team/Deployment/app) has to be rebuilt: no tag of its line has the fix."
	if got := hint(); got != head+" No fix of its packages is known yet." {
		t.Errorf("without fixes: %q", got)
	}
	im.Fixes = []exposure.Fix{
		{Package: "libssl3", Version: "1", FixedIn: "2", Layer: "base", CreatedBy: "ADD rootfs"},
		{Package: "qs", Version: "6.5.2", FixedIn: "6.5.3", Layer: "app", LayerIndex: 2, CreatedBy: "RUN npm ci"},
		{Package: "node", Version: "18.0.0", FixedIn: "18.20.1", Layer: "runtime", LayerIndex: 1},
		{Package: "zlib1g", Version: "3", FixedIn: "4", Layer: "base", CreatedBy: "ADD rootfs"},
		{Package: "ghost", Version: "1", FixedIn: "2"},
	}
	im.MoreFixes = 3
	want := head + " In layer 0, of the base image (ADD rootfs): libssl3 1 → 2, zlib1g 3 → 4. In layer 2, of its own (RUN npm ci): qs 6.5.2 → 6.5.3." +
		" In layer 1, of the base image: node 18.0.0 → 18.20.1. In a layer that is not known: ghost 1 → 2. And 3 more packages."
	if diff := cmp.Diff(want, hint()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	im.Addon = "coredns"
	if got := hint(); got != "team/app:1.0.0 belongs to the EKS add-on coredns: the option add-on plans an update of it." {
		t.Errorf("an add-on: %q", got)
	}
}

// Where an operating system is to be another, the plan says so in its own words: of what
// changes, and of what has to be built anew on which layers.
func TestDraftImagesOfSystems(t *testing.T) {
	s, ref := running("Deployment", appRepo+":1.0.0")
	w := work(s, ref, "1.0.1", "")
	w.System, w.Images[0].Successor.System, w.Images[0].Evidence.Image.OS = true, "Debian GNU/Linux 12 (bookworm), with fixes until 2028-06-30", "Debian GNU/Linux 10 (buster)"
	actions, checks, notes := plan.DraftImages(w)
	if len(actions) != 1 || actions[0].Risk != plan.RiskMedium || len(notes) > 0 {
		t.Errorf("actions %+v, notes %q", actions, notes)
	}
	want := []plan.Check{
		{Name: "images", Verdict: plan.Passed, Detail: "each new image was read from its registry and matched: its operating system is supported, and it has no vulnerability of high priority that is new"},
		{Name: "behaviour", Verdict: plan.Unknown, Detail: "another release of the operating system has other versions of its libraries, and what is built for it may behave differently; no release notes are read: " +
			"team/app 1.0.0 → 1.0.1 (Debian GNU/Linux 10 (buster) → Debian GNU/Linux 12 (bookworm), with fixes until 2028-06-30)"},
	}
	if diff := cmp.Diff(want, checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	w.Images[0].Successor = plan.Successor{Why: "there is no other tag of its line"}
	layers := []inventory.Layer{{DiffID: "base", CreatedBy: "ADD rootfs"}, {DiffID: "runtime"}, {DiffID: "app"}}
	const head = "team/app:1.0.0 (team/Deployment/app) has to be rebuilt: there is no other tag of its line. Debian GNU/Linux 10 (buster) comes with the base image, "
	for _, tt := range []struct {
		why, addon, want string
		images           []inventory.Image
	}{
		{"an image whose layers are not known", "", head + "layer 0: build it on a release that is supported.", nil},
		{"a base of one layer", "", head + "layer 0 (ADD rootfs): build it on a release that is supported.", []inventory.Image{{Digest: oldDigest, Repository: appRepo, Layers: layers}}},
		{"a base that another repository stands on", "", head + "layers 0 to 1, of which 0 is ADD rootfs: build it on a release that is supported.", []inventory.Image{
			{Digest: oldDigest, Repository: appRepo, Layers: layers}, {Digest: newDigest, Repository: "registry.example:5000/team/other", Layers: layers[:2]},
		}},
		{"an add-on's", "coredns", "team/app:1.0.0 belongs to the EKS add-on coredns: the option add-on plans an update of it.", nil},
	} {
		t.Run(tt.why, func(t *testing.T) {
			s.Images, w.Images[0].Evidence.Image.Addon = tt.images, tt.addon
			actions, checks, notes := plan.DraftImages(w)
			if diff := cmp.Diff([]string{tt.want}, notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if len(actions) > 0 || checks[0].Verdict != plan.Failed || !strings.Contains(checks[0].Detail, "with a supported operating system") {
				t.Errorf("actions %+v, checks %+v", actions, checks)
			}
		})
	}
}
