package exposure_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// The matrix as the Security Hub User Guide prints it.
func TestMatrix(t *testing.T) {
	published := map[exposure.Likelihood][4]exposure.Severity{
		// impact:                      Low              Medium             Unknown            High
		exposure.LikelihoodVeryHigh: {exposure.High, exposure.Critical, exposure.Critical, exposure.Critical},
		exposure.LikelihoodHigh:     {exposure.Medium, exposure.High, exposure.High, exposure.Critical},
		exposure.LikelihoodModerate: {exposure.Low, exposure.Medium, exposure.Medium, exposure.High},
		exposure.LikelihoodLow:      {exposure.Low, exposure.Low, exposure.Low, exposure.Medium},
	}
	impacts := []exposure.ImpactLevel{exposure.ImpactLow, exposure.ImpactMedium, exposure.ImpactUnknown, exposure.ImpactHigh}
	for l, row := range published {
		for i, want := range row {
			if got := exposure.Matrix(l, impacts[i]); got != want {
				t.Errorf("Matrix(%s, %s) = %s, want %s", l, impacts[i], got, want)
			}
		}
	}
}

var ref = inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "shop"}

func workload(name string) inventory.WorkloadRef {
	return inventory.WorkloadRef{Namespace: "shop", Kind: "Deployment", Name: name}
}

// evidencePool has every kind of evidence that severity tells apart.
func evidencePool() []exposure.TraitState {
	var pool []exposure.TraitState
	add := func(trait string, e exposure.Evidence) {
		e.Standing = exposure.Contributing
		e.Resource = ref.Resource()
		pool = append(pool, exposure.TraitState{ID: trait, Standing: exposure.Contributing, Evidence: []exposure.Evidence{e}})
	}
	for _, id := range []string{"internet-reachable", "potentially-internet-reachable", "unencrypted-kubernetes-secrets", "end-of-life-operating-system", "some-later-trait"} {
		add(id, exposure.Evidence{})
	}
	for _, v := range []string{exposure.VariantUnsupported, exposure.VariantExtendedSupport, exposure.VariantNodesUnsupported, exposure.VariantNodesBehind} {
		add("unsupported-kubernetes-version", exposure.Evidence{Variant: v})
	}
	for _, w := range []string{"a", "b"} {
		add("internet-reachable-workload", exposure.Evidence{Workloads: []inventory.WorkloadRef{workload(w)}})
		for _, trait := range []string{"high-priority-vulnerability", "low-priority-vulnerability"} {
			for _, epss := range []*float64{nil, new(0.05), new(0.2), new(0.9)} {
				for _, kev := range []int{0, 1} {
					for _, exploit := range []int{0, 1} {
						add(trait, exposure.Evidence{Workloads: []inventory.WorkloadRef{workload(w)}, Image: &exposure.ImageEvidence{
							Vulnerabilities: 3, KEV: kev, Exploits: exploit, MaxEPSS: epss, UnknownEPSS: 1,
						}})
					}
				}
			}
		}
	}
	return pool
}

// For every set of evidence: adding some never lowers the severity, which is the
// same as: removing some never raises it.
func TestScoreIsMonotone(t *testing.T) {
	pool := evidencePool()
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		random.Shuffle(len(pool), func(i, j int) { pool[i], pool[j] = pool[j], pool[i] })
		n := random.IntN(6)
		impact := []exposure.ImpactLevel{exposure.ImpactUnknown, exposure.ImpactLow, exposure.ImpactMedium, exposure.ImpactHigh}[random.IntN(4)]
		before := exposure.Score(pool[:n], impact)
		after := exposure.Score(pool[:n+1], impact)
		if after.Severity.Rank() < before.Severity.Rank() || after.Sum < before.Sum {
			t.Fatalf("adding %s lowers %s to %s\n%v", pool[n].ID, before, after, pool[:n+1])
		}
		if after.Severity == exposure.Resolved {
			t.Fatalf("contributing evidence of %s has no severity", pool[n].ID)
		}
	}
}

func TestScore(t *testing.T) {
	state := func(id string, e exposure.Evidence) exposure.TraitState {
		e.Standing = exposure.Contributing
		e.Resource = ref.Resource()
		return exposure.TraitState{ID: id, Standing: exposure.Contributing, Evidence: []exposure.Evidence{e}}
	}
	open := state("internet-reachable", exposure.Evidence{})
	narrow := state("potentially-internet-reachable", exposure.Evidence{})
	past := state("unsupported-kubernetes-version", exposure.Evidence{Variant: exposure.VariantUnsupported})
	extended := state("unsupported-kubernetes-version", exposure.Evidence{Variant: exposure.VariantExtendedSupport})
	secrets := state("unencrypted-kubernetes-secrets", exposure.Evidence{Variant: exposure.VariantNotEncrypted})
	kev := state("high-priority-vulnerability", exposure.Evidence{Workloads: []inventory.WorkloadRef{workload("web")}, Image: &exposure.ImageEvidence{Vulnerabilities: 1, KEV: 1, MaxEPSS: new(0.97)}})
	likely := state("high-priority-vulnerability", exposure.Evidence{Workloads: []inventory.WorkloadRef{workload("web")}, Image: &exposure.ImageEvidence{Vulnerabilities: 1, MaxEPSS: new(0.15)}})
	toWeb := state("internet-reachable-workload", exposure.Evidence{Workloads: []inventory.WorkloadRef{workload("web")}})
	toOther := state("internet-reachable-workload", exposure.Evidence{Workloads: []inventory.WorkloadRef{workload("other")}})
	other := state("low-priority-vulnerability", exposure.Evidence{Image: &exposure.ImageEvidence{Vulnerabilities: 9, MaxEPSS: new(0.01)}})
	tests := []struct {
		why    string
		traits []exposure.TraitState
		want   exposure.Severity
	}{
		{"nothing", nil, exposure.Resolved},
		{"an open endpoint alone", []exposure.TraitState{open}, exposure.Medium},
		{"a narrow endpoint alone", []exposure.TraitState{narrow}, exposure.Low},
		{"extended support alone", []exposure.TraitState{extended}, exposure.Low},
		{"past extended support", []exposure.TraitState{past}, exposure.Medium},
		{"open and past extended support", []exposure.TraitState{open, past}, exposure.High},
		{"secrets alone", []exposure.TraitState{secrets}, exposure.Low},
		{"other vulnerabilities alone", []exposure.TraitState{other}, exposure.Low},
		{"exploited already, no path", []exposure.TraitState{kev}, exposure.High},
		{"likely only, no path", []exposure.TraitState{likely}, exposure.Medium},
		{"likely, and the internet reaches another workload", []exposure.TraitState{likely, toOther}, exposure.High},
		{"likely, and the internet reaches that workload", []exposure.TraitState{likely, toWeb}, exposure.Critical},
		{"exploited already and a narrow endpoint", []exposure.TraitState{kev, narrow}, exposure.High},
		{"exploited already and an open endpoint", []exposure.TraitState{kev, open}, exposure.Critical},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if got := exposure.Score(test.traits, exposure.ImpactUnknown); got.Severity != test.want {
				t.Errorf("severity %q, want %q: %s", got.Severity, test.want, got)
			}
		})
	}
}

func TestScoreCountsContributingOnly(t *testing.T) {
	contextual := exposure.TraitState{ID: "internet-reachable", Standing: exposure.Contextual, Evidence: []exposure.Evidence{{Standing: exposure.Contextual}}}
	mixed := exposure.TraitState{ID: "unsupported-kubernetes-version", Standing: exposure.Contributing, Evidence: []exposure.Evidence{
		{Standing: exposure.Contributing, Variant: exposure.VariantExtendedSupport},
		{Standing: exposure.Contextual, Variant: exposure.VariantUnsupported},
	}}
	if got := exposure.Score([]exposure.TraitState{contextual}, exposure.ImpactUnknown).Severity; got != exposure.Resolved {
		t.Errorf("contextual evidence alone gives %q", got)
	}
	if got := exposure.Score([]exposure.TraitState{contextual, mixed}, exposure.ImpactUnknown).Severity; got != exposure.Low {
		t.Errorf("contextual evidence raises the severity to %q", got)
	}
}

// Each term names the trait that set it, so that the arithmetic can be checked by hand.
func TestArithmeticNamesItsTerms(t *testing.T) {
	a := exposure.Score(evidencePool(), exposure.ImpactUnknown)
	sum := 0
	for _, term := range a.Terms {
		if term.Trait == "" || term.Why == "" {
			t.Errorf("term %+v says too little", term)
		}
		sum += term.Value
	}
	if sum != a.Sum || !strings.Contains(a.String(), fmt.Sprintf("= %d of 12", a.Sum)) {
		t.Errorf("terms add up to %d, arithmetic says %q", sum, a)
	}
}
