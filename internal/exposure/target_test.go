package exposure_test

import (
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/report/reporttest"
)

func TestTargets(t *testing.T) {
	f := reporttest.Checkout()
	targets := exposure.Targets(f)
	if len(targets) < len(f.Topics) {
		t.Fatalf("%d targets for %d topics", len(targets), len(f.Topics))
	}
	images := map[string]int{}
	for _, target := range targets {
		if target.ID != exposure.TargetID(target.Trait, target.Resource.UID) || target.Before != f.Severity || target.Finding != f.ID {
			t.Errorf("target %+v", target)
		}
		if target.After.Rank() > f.Severity.Rank() {
			t.Errorf("fixing %s on %s would raise %s to %s", target.Trait, target.Resource.UID, f.Severity, target.After)
		}
		if target.Resource.Type == inventory.TypeImage {
			images[target.Trait]++
			continue
		}
		if target.Resource.UID != f.Cluster.Ref.String() {
			t.Errorf("target %s is on %s, want an image or the cluster", target.Trait, target.Resource.UID)
		}
		if want := exposure.Project(f, target.Trait).Severity; target.After != want {
			t.Errorf("without %s: %q, want %q as its topic says", target.Trait, target.After, want)
		}
	}
	if len(images) == 0 {
		t.Error("no image is a target")
	}
}

// What people have put aside, and what is closed, needs no remedy.
func TestAsideThereAreNoTargets(t *testing.T) {
	f := reporttest.Checkout()
	f.Override = &exposure.Override{Status: exposure.StatusSuppressed, Facts: f.Facts()}
	if got := exposure.Targets(f); got != nil {
		t.Errorf("a suppressed finding has %d targets", len(got))
	}
	if got := exposure.Targets(reporttest.Closed()); got != nil {
		t.Errorf("a closed finding has %d targets", len(got))
	}
}

func TestEffects(t *testing.T) {
	for _, test := range []struct {
		before, after exposure.Severity
		want          exposure.Effect
	}{
		{exposure.High, exposure.Resolved, exposure.Resolves},
		{exposure.High, exposure.Low, exposure.Reduces},
		{exposure.High, exposure.High, exposure.Leaves},
	} {
		e := exposure.Exposed{Target: exposure.Target{After: test.after}, Before: test.before}
		if got := e.Outcome(); got != test.want {
			t.Errorf("%s → %q: %s, want %s", test.before, test.after, got, test.want)
		}
	}
}
