package scan_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/scan"
)

// labels suppresses every finding that it is shown.
type labels struct {
	seen []string
	err  error
}

func (l *labels) Override(_ context.Context, f *exposure.Finding) (*exposure.Override, error) {
	l.seen = append(l.seen, f.Cluster.Ref.Name+" "+string(f.Activity))
	return &exposure.Override{Status: exposure.StatusSuppressed, By: "rule:r", Facts: f.Facts()}, l.err
}

func TestRulesRunOnWhatAScanChanged(t *testing.T) {
	w := newWorld("a")
	w.images["a"] = []string{"sha256:1"}
	l := &labels{}
	cfg := w.config()
	cfg.Rules = l
	public := openEndpoint
	public.Detect = func(s *inventory.Snapshot, p exposure.Policy) []exposure.Evidence {
		if !s.Cluster.Endpoint.Public {
			return nil
		}
		return openEndpoint.Detect(s, p)
	}
	cfg.Traits = []exposure.Trait{public}
	record := func(s *inventory.Snapshot) *exposure.Outcome {
		o, err := scan.New(cfg).Record(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	open, err := scan.New(cfg).Collect(t.Context(), cluster("a"), quiet)
	if err != nil {
		t.Fatal(err)
	}
	closed := *open
	closed.Cluster.Endpoint = &inventory.Endpoint{}
	if o := record(open); o.Change.Kind != exposure.Created || o.Finding.ShownStatus() != exposure.StatusSuppressed {
		t.Fatalf("%s, status %s", o.Change.Kind, o.Finding.ShownStatus())
	}
	record(open) // unchanged: the rules have spoken
	if o := record(&closed); o.Change.Kind != exposure.Closed || o.Finding.Override != nil {
		t.Fatalf("%s, override %v", o.Change.Kind, o.Finding.Override)
	}
	record(open)
	if diff := cmp.Diff([]string{"a Create", "a Update"}, l.seen); diff != "" {
		t.Errorf("(-want +shown to the rules):\n%s", diff)
	}
	if got := w.recorded[0].Finding.ShownStatus(); got != exposure.StatusSuppressed {
		t.Errorf("recorded status %s", got)
	}
	l.err = fault.ErrUnavailable
	b := *open
	b.Cluster.Ref = cluster("b")
	if _, err := scan.New(cfg).Record(t.Context(), &b); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("error is %v", err)
	}
}
