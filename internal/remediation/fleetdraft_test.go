package remediation_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/remediation"
)

// crowd has any number of findings that a query selects, and keeps what it was asked.
type crowd struct {
	remediation.Known

	has   int
	asked []exposure.Query
}

func (k *crowd) Findings(_ context.Context, q exposure.Query) ([]*exposure.Finding, error) {
	k.asked = append(k.asked, q)
	n := k.has
	if q.Limit > 0 {
		n = min(n, q.Limit)
	}
	list := make([]*exposure.Finding, 0, n)
	for i := range n {
		ref := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: fmt.Sprint("cluster-", i)}
		list = append(list, &exposure.Finding{Cluster: exposure.Cluster{Ref: ref}})
	}
	return list, nil
}

// A fleet plan for more clusters than one can have is refused by reading one more than
// that, however many there are.
func TestFleetPlansAreBounded(t *testing.T) {
	k := &crowd{has: 100_000}
	s := remediation.New(remediation.Config{Known: k})
	q := remediation.FleetRequest{
		Request: remediation.Request{Trait: "internet-reachable", Option: "private"}, Batch: 5,
		Query: exposure.Query{Accounts: []string{"111122223333"}, Closed: true, Limit: 7, Scope: access.Scope{Regions: []string{"eu-central-1"}}},
	}
	_, err := s.DraftFleet(t.Context(), q, access.Principal{ID: "ann"}, func(remediation.Drafting) { t.Error("a plan is drafted") })
	if !errors.Is(err, fault.ErrInvalid) {
		t.Fatalf("%v, want %v", err, fault.ErrInvalid)
	}
	for _, want := range []string{"more than 200 ", "for 200 at most", "narrow it", "name the clusters"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
	want := []exposure.Query{{Accounts: q.Query.Accounts, Traits: []string{"internet-reachable"}, Limit: 201, Scope: q.Query.Scope}}
	if diff := cmp.Diff(want, k.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	q.Request = remediation.Request{Trait: exposure.DeleteTopic, Option: "delete"}
	if _, err := s.DraftFleet(t.Context(), q, access.Principal{ID: "ann"}, func(remediation.Drafting) {}); !errors.Is(err, fault.ErrInvalid) || len(k.asked) != 1 {
		t.Errorf("clusters to delete that nobody named: %v, after %d queries", err, len(k.asked))
	}
}
