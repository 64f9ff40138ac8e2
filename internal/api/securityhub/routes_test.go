package securityhub_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api/securityhub"
)

// Every operation of the model has its route, with AWS's method and path.
func TestEveryOperationHasARoute(t *testing.T) {
	got := map[string]string{}
	for _, r := range securityhub.Routes(securityhub.Config{}) {
		path := r.Path
		for _, greedy := range []string{"ConnectorId", "AggregatorV2Arn"} {
			path = strings.Replace(path, "{"+greedy+"...}", "{"+greedy+"+}", 1)
		}
		got[r.Operation] = r.Method + " " + strings.Replace(path, "...}", "}", 1)
	}
	want := map[string]string{}
	for name, op := range loadModel(t).Operations {
		want[name] = op.HTTP.Method + " " + op.HTTP.URI
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// A viewer may call what reads, and nothing else.
func TestWhatChangesIsNotARead(t *testing.T) {
	var reads []string
	for _, r := range securityhub.Routes(securityhub.Config{}) {
		if r.Action == access.Read {
			reads = append(reads, r.Operation)
		}
	}
	slices.Sort(reads)
	for _, name := range reads {
		if !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") && !strings.HasPrefix(name, "Describe") {
			t.Errorf("%s counts as a read", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(loadModel(t).Operations)) {
		if strings.HasPrefix(name, "Get") && !slices.Contains(reads, name) {
			t.Errorf("%s counts as a write", name)
		}
	}
}
