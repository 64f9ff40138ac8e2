package exposure_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Behind a workload on the path are the roles that it may assume, whichever way it
// gets them; a workload that is not on the path has none there.
func TestBlastRadius(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/"
	s := snapshot(0, open, kev)
	s.Workloads[0].ServiceAccount = "web"
	s.Workloads = append(s.Workloads, inventory.Workload{Namespace: "shop", Kind: "Deployment", Name: "quiet", ServiceAccount: "quiet"})
	s.ServiceAccounts = []inventory.ServiceAccount{
		{Namespace: "shop", Name: "web", RoleARN: role + "team/orders"},
		{Namespace: "shop", Name: "quiet", RoleARN: role + "quiet"},
		{Namespace: "other", Name: "web", RoleARN: role + "other"},
	}
	s.PodIdentities = []inventory.PodIdentity{
		{Namespace: "shop", ServiceAccount: "web", RoleARN: role + "carts"},
		{Namespace: "shop", ServiceAccount: "web", RoleARN: role + "team/orders"},
	}
	f, _ := correlate(nil, s)
	names := map[string]string{}
	var blast, edges []string
	for _, n := range f.Path.Nodes {
		names[n.ID] = n.Name
		if n.Blast {
			blast = append(blast, n.Name)
		}
	}
	for _, e := range f.Path.Edges {
		if e.Relation == "May assume" {
			edges = append(edges, names[e.From]+" → "+names[e.To])
		}
	}
	if diff := cmp.Diff([]string{"orders", "carts"}, blast); diff != "" {
		t.Errorf("blast radius (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"shop/web → orders", "shop/web → carts"}, edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}
