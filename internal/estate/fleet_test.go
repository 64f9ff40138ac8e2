package estate_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/inventory"
)

func collect(seed uint64, clusters, workloads int) []*inventory.Snapshot {
	var all []*inventory.Snapshot
	for s := range estate.Fleet(seed, clusters, workloads) {
		all = append(all, s)
	}
	return all
}

func TestFleetIsTheSameForTheSameSeed(t *testing.T) {
	a, b := collect(7, 5, 30), collect(7, 10, 30)
	if diff := cmp.Diff(a, b[:5]); diff != "" {
		t.Errorf("the first clusters of a longer fleet differ (-short +long):\n%s", diff)
	}
	if cmp.Equal(a[0].Workloads, collect(8, 1, 30)[0].Workloads) {
		t.Error("another seed gives the same workloads")
	}
}

func TestFleetSnapshotsAreWellFormed(t *testing.T) {
	const workloads = 100
	seen := map[string]bool{}
	matches := 0
	for s := range estate.Fleet(1, 10, workloads) {
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		read, err := inventory.ParseSnapshot(data)
		if err != nil {
			t.Fatal(err)
		}
		read.Normalize()
		ordered, err := json.Marshal(read)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(data), string(ordered)); diff != "" {
			t.Fatalf("%s is not in normal order:\n%s", s.Cluster.Ref, diff)
		}
		if seen[s.Cluster.Ref.String()] {
			t.Errorf("%s comes twice", s.Cluster.Ref)
		}
		seen[s.Cluster.Ref.String()] = true
		if len(s.Workloads) != workloads {
			t.Errorf("%s has %d workloads", s.Cluster.Ref, len(s.Workloads))
		}
		for _, w := range s.Workloads {
			for _, c := range w.Containers {
				im := s.Image(c.Digest)
				if im == nil {
					t.Fatalf("%s: image %s is not listed", s.Cluster.Ref, c.Digest)
				}
				matches += len(im.Matches)
			}
		}
	}
	if matches == 0 {
		t.Error("no image has a match")
	}
}

func BenchmarkFleet(b *testing.B) {
	n := 0
	for range b.N {
		for s := range estate.Fleet(1, 1000, 100) {
			n += len(s.Workloads)
		}
	}
	b.ReportMetric(float64(n)/100/b.Elapsed().Seconds(), "clusters/s")
}
