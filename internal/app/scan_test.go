package app_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/report"
	"github.com/eksposure/eksposure/internal/scan"
)

type (
	partial = report.PartialCluster
	gap     = inventory.Gap
)

// firstScan is the scan of the shared estate that several tests compare with.
var firstScan struct {
	once   sync.Once
	report decoded
}

// scanned scans the shared estate once.
func scanned(t *testing.T) decoded {
	t.Helper()
	firstScan.once.Do(func() {
		firstScan.report = decode(t, run(t, environment(t, shared(t).estate), "scan", "-o", "json", "--allow-gaps"))
	})
	if firstScan.report.Coverage == nil {
		t.Fatal("the first scan failed")
	}
	return firstScan.report
}

// A scan that finds what is known already changes no finding and no history.
func TestSecondScan(t *testing.T) {
	w, db := shared(t), filepath.Join(t.TempDir(), "eksposure.db")
	first := scanAll(t, w.estate, db)
	before := history(t, w, db)
	second := scanAll(t, w.estate, db)
	for i, o := range second.Outcomes {
		earlier := first.Outcomes[i]
		want := exposure.Unchanged
		if earlier.Finding == nil {
			want = exposure.NoFinding
		}
		if o.Change.Kind != want || len(o.Change.Details) > 0 {
			t.Errorf("%s: %+v", o.Cluster.Name, o.Change)
		}
		if diff := cmp.Diff(earlier.Finding, o.Finding); diff != "" {
			t.Errorf("%s: (-first +second):\n%s", o.Cluster.Name, diff)
		}
	}
	if diff := cmp.Diff(before, history(t, w, db)); diff != "" {
		t.Errorf("history (-before +after):\n%s", diff)
	}
	if len(before) == 0 || len(first.Outcomes) != len(second.Outcomes) {
		t.Errorf("%d findings with history, %d and %d outcomes", len(before), len(first.Outcomes), len(second.Outcomes))
	}
}

// history gives the events of every finding of a database, by cluster.
func history(t *testing.T, w *world, db string) map[string][]exposure.Event {
	t.Helper()
	a := open(t, w.estate, settings(w, w.estate, db))
	s, err := a.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	findings, err := s.Findings(t.Context(), exposure.Query{Closed: true})
	if err != nil {
		t.Fatal(err)
	}
	events := map[string][]exposure.Event{}
	for _, f := range findings {
		if events[f.Cluster.Ref.Name], err = s.History(t.Context(), f.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return events
}

// A saved snapshot gives the verdict of the scan again, with no cloud at hand.
func TestSnapshotGivesTheSameVerdict(t *testing.T) {
	t.Parallel()
	w := shared(t)
	file := filepath.Join(t.TempDir(), "snapshot.json")
	for _, name := range []string{"shop-production", "ledger", "payments-production"} {
		t.Run(name, func(t *testing.T) {
			var want *exposure.Finding
			for _, f := range scanned(t).Findings {
				if f.Cluster.Ref.Name == name {
					want = f
				}
			}
			arn := reference(w.estate, name).String()
			env := environment(t, w.estate)
			if got := run(t, env, "inventory", "--cluster", arn, "--output-file", file, "--allow-gaps"); got.code != 0 || got.out != "" {
				t.Fatalf("inventory: exit code %d\n%s", got.code, got.err)
			}
			if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), "k8s-aws-v1.") {
				t.Errorf("the snapshot holds a token, or %v", err)
			}
			home := t.TempDir()
			got := run(t, []string{"HOME=" + home}, "evaluate", file, "-o", "json", "--allow-gaps")
			findings := decode(t, got).Findings
			if want == nil {
				if len(findings) > 0 {
					t.Errorf("a finding where the scan has none: %s", findings[0].Title)
				}
				return
			}
			// The organization's name of an account is learnt by discovery alone.
			ignore := cmpopts.IgnoreFields(exposure.Cluster{}, "AccountName")
			if got.code != 0 || len(findings) != 1 {
				t.Fatalf("exit code %d, %d findings\n%s", got.code, len(findings), got.err)
			}
			if diff := cmp.Diff(want, findings[0], ignore); diff != "" {
				t.Errorf("(-scan +evaluate):\n%s", diff)
			}
			if left, err := os.ReadDir(home); err != nil || len(left) > 0 {
				t.Errorf("evaluate wrote %v, %v", left, err)
			}
		})
	}
}

func findings(s scan.Summary) []*exposure.Finding {
	var list []*exposure.Finding
	for _, o := range s.Outcomes {
		if o.Finding != nil {
			list = append(list, o.Finding)
		}
	}
	slices.SortFunc(list, exposure.Compare)
	return list
}

func coverage(s scan.Summary) *report.Coverage { return report.CoverageOf(s) }
