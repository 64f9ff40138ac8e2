package kube_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
)

var update = flag.Bool("update", false, "write the golden files")

// ref is the cluster that the labs stand for.
func ref() inventory.ClusterRef {
	return inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-west-1", Name: "lab"}
}

func newSnapshot() *inventory.Snapshot {
	return &inventory.Snapshot{Version: inventory.SnapshotVersion, Cluster: inventory.Cluster{Ref: ref()}}
}

func admin(lab *kubetest.Lab) kube.Target { return kube.Target{Ref: ref(), Kubeconfig: lab.Kubeconfig} }

func collect(t *testing.T, c kube.Config, target kube.Target) *inventory.Snapshot {
	t.Helper()
	s := newSnapshot()
	kube.New(c).Collect(t.Context(), target, s)
	return s
}

func apply(t *testing.T, lab *kubetest.Lab, manifest string) {
	t.Helper()
	if err := lab.Apply(t.Context(), manifest); err != nil {
		t.Fatal(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// golden compares a snapshot with testdata/NAME, creation times left out: the
// server sets those.
func golden(t *testing.T, s *inventory.Snapshot, name string) {
	t.Helper()
	for i := range s.Namespaces {
		s.Namespaces[i].CreatedAt = time.Time{}
	}
	for i := range s.Workloads {
		s.Workloads[i].CreatedAt = time.Time{}
	}
	for i := range s.Nodes {
		s.Nodes[i].CreatedAt = time.Time{}
	}
	got, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(readFile(t, path), string(got)+"\n"); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
}

func TestCollect(t *testing.T) {
	t.Parallel()
	lab := kubetest.Start(t, kubetest.Options{})
	apply(t, lab, readFile(t, "testdata/cluster.yaml"))
	if err := lab.Debug(t.Context(), "shop", "db-0", "debugger", "ghcr.io/tools/debug:1"); err != nil {
		t.Fatal(err)
	}

	t.Run("everything", func(t *testing.T) {
		s := collect(t, kube.Config{}, admin(lab))
		created := 0
		for _, w := range s.Workloads {
			if !w.CreatedAt.IsZero() {
				created++
			}
		}
		if want := len(s.Workloads) - 1; created != want { // the custom owner is not read
			t.Errorf("%d workloads have a creation time, want %d", created, want)
		}
		golden(t, s, "cluster.json")
	})
	t.Run("one object a page gives the same", func(t *testing.T) {
		golden(t, collect(t, kube.Config{PageSize: 1}, admin(lab)), "cluster.json")
	})
	t.Run("collected again", func(t *testing.T) {
		s := newSnapshot()
		for range 2 {
			s.Gaps = nil
			kube.New(kube.Config{}).Collect(t.Context(), admin(lab), s)
		}
		golden(t, s, "cluster.json")
	})
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s := newSnapshot()
		kube.New(kube.Config{}).Collect(ctx, admin(lab), s)
		for _, g := range s.Gaps {
			if g.Reason != "canceled" {
				t.Errorf("gap %+v, want reason canceled", g)
			}
		}
		if len(s.Gaps) != 4 {
			t.Errorf("got %d gaps, want one for each section", len(s.Gaps))
		}
	})
	t.Run("gateways", func(t *testing.T) {
		path, err := kubetest.Program("gateway-api.yaml")
		if err != nil {
			t.Fatal(err)
		}
		apply(t, lab, readFile(t, path))
		apply(t, lab, readFile(t, "testdata/gateway.yaml"))
		got := collect(t, kube.Config{}, admin(lab)).Gateways
		want := []inventory.Gateway{{
			Namespace: "shop", Name: "edge", Class: "amazon-vpc-lattice",
			Addresses: []string{"edge.example.com"},
			Services:  []string{"batch/calls", "batch/other", "shop/db", "shop/web"},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("gateways (-want +got):\n%s", diff)
		}
	})
}
