package exposure_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/trait"
)

// TestProfileSaysTheSame as its finding, also after it was written and read, whatever
// was fixed before.
func TestProfileSaysTheSame(t *testing.T) {
	traits, met := trait.All(), map[string]bool{}
	for s := range estate.Fleet(7, 150, 6) {
		f, _ := exposure.Correlate(nil, exposure.Evaluate(s, traits, exposure.DefaultPolicy()), s, traits)
		if f == nil {
			continue
		}
		text, err := json.Marshal(exposure.ProfileOf(f))
		if err != nil {
			t.Fatal(err)
		}
		met[string(text)] = true
		var all exposure.Profile
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatal(err)
		}
		for _, wish := range []exposure.Severity{exposure.High, exposure.Medium, exposure.Low, exposure.Resolved} {
			var want []string
			if set := exposure.SmallestFix(f, wish); set != nil {
				want = set.Topics
			}
			if diff := cmp.Diff(want, all.SmallestFix(wish)); diff != "" {
				t.Errorf("%s to %q (-finding +profile):\n%s", f.Cluster.Ref.Name, wish, diff)
			}
		}
		p := all
		var fixed []string
		for len(p.Topics) > 0 {
			next := p.Topics[len(p.Topics)/2].ID
			p, fixed = p.Fix(next), append(fixed, next)
			if want := exposure.Project(f, fixed...).Severity; p.Severity != want || p.Has(next) {
				t.Errorf("%s without %v: %q, want %q", f.Cluster.Ref.Name, fixed, p.Severity, want)
			}
		}
		if p.Severity != exposure.Resolved || slices.ContainsFunc(f.Topics, func(x exposure.TopicState) bool { return x.ID != exposure.DeleteTopic && !all.Has(x.ID) }) {
			t.Errorf("%s: %+v", f.Cluster.Ref.Name, p)
		}
	}
	if len(met) < 10 {
		t.Errorf("only %d profiles were met", len(met))
	}
}
