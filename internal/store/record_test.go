package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// fleetTraits answer as the cluster's tags tell them.
func fleetTraits() []exposure.Trait {
	var list []exposure.Trait
	for _, id := range []string{"internet-reachable", "unsupported-kubernetes-version", "high-priority-vulnerability"} {
		list = append(list, exposure.Trait{
			ID: id, Type: exposure.Misconfiguration, Title: "Title of " + id, Short: "Short " + id, Phrase: "has " + id, Effort: exposure.EffortHours,
			Needs: []inventory.Section{inventory.SectionCluster},
			Detect: func(s *inventory.Snapshot, _ exposure.Policy) []exposure.Evidence {
				standing, summary, ok := strings.Cut(s.Cluster.Tags[id], " ")
				if !ok {
					return nil
				}
				return []exposure.Evidence{{Standing: exposure.Standing(standing), Resource: s.Cluster.Ref.Resource(), Summary: id + summary}}
			},
		})
	}
	return list
}

// evaluate makes the outcome of one scan from what is recorded.
func evaluate(earlier *exposure.Finding, s *inventory.Snapshot) exposure.Outcome {
	e := exposure.Evaluate(s, fleetTraits(), exposure.DefaultPolicy())
	f, change := exposure.Correlate(earlier, e, s, fleetTraits())
	return exposure.Outcome{Cluster: s.Cluster.Ref, Evaluation: e, Finding: f, Change: change, Gaps: s.Gaps, Snapshot: s}
}

// randomScan makes a snapshot with few differences from scan to scan.
func randomScan(random *rand.Rand, r inventory.ClusterRef, at time.Time) *inventory.Snapshot {
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	s := &inventory.Snapshot{Version: 1, CollectedAt: at, Cluster: inventory.Cluster{Ref: r, Version: "1.33", Status: "ACTIVE", Tags: map[string]string{
		"internet-reachable":             pick("contributing a", "contributing a", "contributing a", "contextual c", ""),
		"unsupported-kubernetes-version": pick("contributing a", "contributing a", "contributing b", "unknown u"),
		"high-priority-vulnerability":    pick("", "", "", "contributing a"),
	}}}
	if random.IntN(6) == 0 {
		s.Gaps = []inventory.Gap{{Section: inventory.SectionCluster, Reason: "denied", Detail: "eks:DescribeCluster is denied"}}
	}
	if random.IntN(8) == 0 {
		s.Cluster.Tags = nil
	}
	return s
}

// Findings that live through many scans are read back exactly as they would be
// with no database between, also those whose document was not written again.
func TestManyScansReadBackExactly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		random := rand.New(rand.NewPCG(7, 8))
		kinds := map[exposure.ChangeKind]int{}
		memory := map[int]*exposure.Finding{}
		histories := map[int][]exposure.Event{}
		for scan := range 30 {
			at := day(scan).Add(123456789 * time.Nanosecond) // finer than a column of milliseconds
			for c := range 6 {
				r := ref("111122223333", "eu-central-1", "c"+strconv.Itoa(c))
				earlier, err := db.Earlier(t.Context(), r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(memory[c], earlier); diff != "" {
					t.Fatalf("scan %d of %s (-want +got):\n%s", scan, r.Name, diff)
				}
				o := evaluate(earlier, randomScan(random, r, at))
				record(t, db, o)
				kinds[o.Change.Kind]++
				memory[c] = o.Finding
				if o.Change.Kind == exposure.NoFinding || o.Change.Kind == exposure.Unchanged {
					continue
				}
				histories[c] = append(histories[c], exposure.Event{At: at.Truncate(time.Millisecond), Severity: o.Finding.Severity, Change: o.Change})
			}
		}
		for _, kind := range []exposure.ChangeKind{exposure.Created, exposure.Updated, exposure.Unchanged, exposure.Closed, exposure.Reopened} {
			if kinds[kind] == 0 {
				t.Errorf("the random scans made no %q", kind)
			}
		}
		for c, want := range histories {
			got, err := db.History(t.Context(), memory[c].ID)
			if err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("history of %d: %v\n%s", c, err, cmp.Diff(want, got))
			}
		}
	})
}

// An unchanged scan writes the sighting, and not the document.
func TestUnchangedWritesLittle(t *testing.T) {
	db := open(t, temp(t))
	s := randomScan(rand.New(rand.NewPCG(1, 1)), shop, day(0))
	s.Cluster.Tags, s.Gaps = map[string]string{"internet-reachable": "contributing a"}, nil
	first := evaluate(nil, s)
	record(t, db, first)
	s.CollectedAt = day(1)
	second := evaluate(first.Finding, s)
	if second.Change.Kind != exposure.Unchanged {
		t.Fatalf("second scan: %v", second.Change)
	}
	before := changes(t, db)
	record(t, db, second)
	if n := changes(t, db) - before; n != 4 {
		t.Errorf("an unchanged scan changed %d rows, want the finding's, its entry in the index, the cluster's and its resource's", n)
	}
	// The same kind of change with another document is written as a whole.
	s.CollectedAt, s.Cluster.Tags["owner"] = day(2), "a person"
	third := evaluate(second.Finding, s)
	record(t, db, third)
	if got, err := db.Earlier(t.Context(), shop); err != nil || third.Change.Kind != exposure.Unchanged || cmp.Diff(third.Finding, got) != "" {
		t.Errorf("%v, %v\n%s", third.Change, err, cmp.Diff(third.Finding, got))
	}
}

func changes(t *testing.T, db *store.DB) int {
	t.Helper()
	n, err := db.RowsChanged(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// An outcome that cannot be kept in full leaves nothing behind.
func TestRecordIsWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		bad := outcome(shop, exposure.Low, exposure.Created, "internet-reachable", "internet-reachable")
		if err := db.Record(t.Context(), bad); err == nil {
			t.Error("a finding that has a trait twice was recorded")
		}
		if _, err := db.Finding(t.Context(), "shop"); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("half a finding was kept: %v", err)
		}
		if events, err := db.History(t.Context(), bad.Finding.ID); err != nil || len(events) != 0 {
			t.Errorf("history: %v, %v", events, err)
		}
	})
}

// fleetOutcome is an outcome whose finding is as large, and as hard to compress,
// as that of a cluster with a hundred workloads: some 35 kB of JSON.
func fleetOutcome(i int) exposure.Outcome {
	random := rand.New(rand.NewPCG(uint64(i), 5))
	hex := func() string {
		return fmt.Sprintf("%016x%016x%016x%016x", random.Uint64(), random.Uint64(), random.Uint64(), random.Uint64())
	}
	o := outcome(ref("111122223333", "eu-central-1", "fleet-"+strconv.Itoa(i)), exposure.Severities()[i%4], exposure.Created)
	f := o.Finding
	for _, id := range []string{"internet-reachable", "unsupported-kubernetes-version", "high-priority-vulnerability", "low-priority-vulnerability"} {
		state := exposure.TraitState{ID: id, Type: exposure.Vulnerability, Title: "Title of " + id, Short: id, Standing: exposure.Contributing, FirstSeen: day(0), LastSeen: day(1)}
		for n := range 4 {
			digest := "sha256:" + hex()
			image := &exposure.ImageEvidence{Digest: digest, Repository: fmt.Sprintf("111122223333.dkr.ecr.eu-central-1.amazonaws.com/team-%d/service-%d", random.IntN(40), n), Running: random.IntN(9)}
			for range 5 {
				cve := fmt.Sprintf("CVE-20%d-%d", 10+random.IntN(16), 1000+random.IntN(40000))
				image.Worst = append(image.Worst, exposure.Match{
					ID: cve, Package: "openssl", Version: "3.0." + strconv.Itoa(random.IntN(17)), FixedIn: "3.0.18", Severity: "High",
					Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8, EPSS: new(random.Float64()), Layer: "sha256:" + hex(),
				})
			}
			state.Evidence = append(state.Evidence, exposure.Evidence{
				Standing: exposure.Contributing, Variant: "image",
				Resource: inventory.ResourceRef{Type: inventory.TypeImage, UID: image.Repository + "@" + digest, Name: image.Repository},
				Summary:  fmt.Sprintf("image %s has %d vulnerabilities", image.Repository, random.IntN(300)), Image: image,
				Workloads: []inventory.WorkloadRef{{Namespace: "shop", Kind: "Deployment", Name: "service-" + strconv.Itoa(n)}},
			})
		}
		f.Traits = append(f.Traits, state)
	}
	return o
}

// BenchmarkRecord records a fleet: new findings, changed ones, then the same unchanged.
func BenchmarkRecord(b *testing.B) {
	const size = 200
	for _, kind := range []exposure.ChangeKind{exposure.Created, exposure.Updated, exposure.Unchanged} {
		b.Run(string(kind), func(b *testing.B) {
			db := open(b, temp(b))
			fleet := make([]exposure.Outcome, size)
			for i := range fleet {
				fleet[i] = fleetOutcome(i)
			}
			if kind != exposure.Created {
				record(b, db, fleet...)
			}
			for n := 0; b.Loop(); n++ {
				for i := range fleet {
					fleet[i].Change.Kind = kind
					f := fleet[i].Finding
					f.LastSeen = day(2 + n)
					for t := range f.Traits {
						f.Traits[t].LastSeen = f.LastSeen
					}
					if kind == exposure.Created {
						f.Cluster.Ref.Name = fmt.Sprintf("fleet-%d-%d", n, i)
						f.ID, f.UID = exposure.Identity(f.Cluster.Ref)
						fleet[i].Cluster = f.Cluster.Ref
					}
				}
				record(b, db, fleet...)
			}
			b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "outcomes/s")
		})
	}
}

// BenchmarkFindings reads a fleet back.
func BenchmarkFindings(b *testing.B) {
	const size = 500
	db := open(b, temp(b))
	for i := range size {
		record(b, db, fleetOutcome(i))
	}
	for b.Loop() {
		if _, err := db.Findings(b.Context(), exposure.Query{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size*b.N)/b.Elapsed().Seconds(), "findings/s")
}
