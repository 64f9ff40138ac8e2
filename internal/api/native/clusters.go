package native

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// page is one page of a list.
type page[T any] struct {
	Items      []T    `json:"items" doc:"The items of this page."`
	NextCursor string `json:"next_cursor,omitempty" doc:"Asks for the next page; left out on the last one."`
}

// cut makes a page of what was read with one item more than asked for.
func cut[T any](items []T, limit int, position func(T) any) page[T] {
	if len(items) <= limit {
		return page[T]{Items: append([]T{}, items...)}
	}
	return page[T]{Items: items[:limit], NextCursor: next(position(items[limit-1]))}
}

// ClusterList is a page of clusters, and how many there are.
type ClusterList struct {
	Items      []exposure.ClusterRecord `json:"items" doc:"The items of this page."`
	NextCursor string                   `json:"next_cursor,omitempty" doc:"Asks for the next page; left out on the last one."`
	Total      int                      `json:"total" doc:"Clusters that the filters select, on all pages."`
}

// Places are the accounts and regions that have clusters.
type Places struct {
	Items []exposure.Place `json:"items" doc:"One for each account and region, in their order."`
}

// The shapes of path parameters.
const (
	accountShape = `^[0-9]{12}$`
	regionShape  = `^[a-z]{2,4}(-[a-z0-9]+)+-[0-9]+$`
	nameShape    = `^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$`
)

func ofCluster(more ...param) []param {
	return append([]param{
		{name: "account", inPath: true, doc: "AWS account of the cluster.", shape: accountShape},
		{name: "region", inPath: true, doc: "AWS region of the cluster.", shape: regionShape},
		{name: "name", inPath: true, doc: "Name of the cluster.", shape: nameShape},
	}, more...)
}

func (s *service) clusterOperations() []operation {
	return []operation{
		{
			name: "ListClusters", method: http.MethodGet, path: "/clusters", action: access.Read, group: "clusters",
			summary:     "List the clusters that scans recorded.",
			description: "With version support, endpoint, encryption, sizes, what could not be read, and the finding in short. In the order of account, region and name, or sorted.",
			params: sorted(exposure.ClusterOrders(),
				"account, region and name (when left out), name, version, endpoint (public ones are greater), encryption, number of nodes, severity of the open finding, time of the latest scan, or how much could not be read or decided",
				param{name: "q", doc: "Only clusters with each of these words in their name, account, account's name, region, version or tags; letter case does not count."},
				param{name: "account", doc: "Only this account.", repeated: true, shape: accountShape},
				param{name: "region", doc: "Only this region.", repeated: true, shape: regionShape},
				param{name: "name", doc: "Only clusters with this in their name."},
				param{name: "incomplete", doc: "true: only clusters of which something could not be read or decided.", words: []string{"true", "false"}},
				param{name: "gone", doc: "true: also clusters that no longer exist.", words: []string{"true", "false"}},
			),
			answer: ClusterList{}, handle: s.listClusters,
		},
		{
			name: "ListPlaces", method: http.MethodGet, path: "/places", action: access.Read, group: "clusters",
			summary: "List the accounts and regions that have clusters, with how many.", answer: Places{}, handle: s.places,
		},
		{
			name: "GetCluster", method: http.MethodGet, path: "/clusters/{account}/{region}/{name}", action: access.Read, group: "clusters",
			summary: "Get one cluster.", params: ofCluster(), answer: exposure.ClusterRecord{},
			handle: func(ctx context.Context, q *request) (any, error) { return s.cluster(ctx, q) },
		},
		{
			name: "GetSnapshot", method: http.MethodGet, path: "/clusters/{account}/{region}/{name}/snapshot", action: access.Read, group: "clusters",
			summary:     "Get the latest snapshot of a cluster.",
			description: "Everything that was collected from it, as `eksposure inventory` writes it; `eksposure evaluate` gives the same verdict on it again.",
			params:      ofCluster(), answer: inventory.Snapshot{}, handle: s.snapshot,
		},
		{
			name: "GetCoverage", method: http.MethodGet, path: "/coverage", action: access.Read, group: "coverage",
			summary:     "Sum up what could not be evaluated, and why.",
			description: "Counts the clusters that were read in full and in part, per section, reason and trait, and lists the accounts and regions that could not be listed. ListClusters with incomplete=true has the single clusters.",
			answer:      Coverage{}, handle: s.coverage,
		},
		{
			name: "ListVersions", method: http.MethodGet, path: "/versions", action: access.Read, group: "clusters",
			summary:     "List the Kubernetes versions that EKS supports, per region, with the clusters that run them and what they cost.",
			description: "As eks:DescribeClusterVersions told at the latest scan of a cluster in the region. Costs are those that EKS publishes per cluster: 0.10 USD an hour in standard support, 0.60 USD in extended support.",
			answer:      Versions{}, handle: s.versions,
		},
	}
}

func (s *service) listClusters(ctx context.Context, q *request) (any, error) {
	query := exposure.ClusterQuery{
		Accounts: q.texts("account"), Regions: q.texts("region"), Name: q.text("name"), Words: q.words(),
		Incomplete: q.text("incomplete") == "true", Gone: q.text("gone") == "true", Limit: q.limit(), Total: true,
	}
	order, descending := q.order()
	query.Order, query.Descending = exposure.ClusterOrder(order), descending
	var err error
	if query.After, err = place[exposure.ClusterPosition](q); err != nil {
		return nil, err
	}
	page, err := s.cfg.Clusters.ClusterRecords(ctx, q.caller.Scope, query)
	if err != nil {
		return nil, err
	}
	return ClusterList{Items: append([]exposure.ClusterRecord{}, page.Records...), NextCursor: after(q, page.Next), Total: page.Total}, nil
}

func (s *service) places(ctx context.Context, q *request) (any, error) {
	list, err := s.cfg.Clusters.Places(ctx, q.caller.Scope)
	return Places{Items: append([]exposure.Place{}, list...)}, err
}

// cluster finds the cluster that the path names, inside the caller's scope.
func (s *service) cluster(ctx context.Context, q *request) (exposure.ClusterRecord, error) {
	account, region, name := q.text("account"), q.text("region"), q.text("name")
	page, err := s.cfg.Clusters.ClusterRecords(ctx, q.caller.Scope, exposure.ClusterQuery{
		Accounts: []string{account}, Regions: []string{region}, Name: name, Gone: true, Limit: walkPage,
	})
	if err != nil {
		return exposure.ClusterRecord{}, err
	}
	i := slices.IndexFunc(page.Records, func(r exposure.ClusterRecord) bool { return r.Cluster.Ref.Name == name })
	if i < 0 {
		return exposure.ClusterRecord{}, fmt.Errorf("no scan recorded a cluster %q in account %s, region %s: %w", name, account, region, fault.ErrNotFound)
	}
	return page.Records[i], nil
}

func (s *service) snapshot(ctx context.Context, q *request) (any, error) {
	r, err := s.cluster(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.cfg.Clusters.Snapshot(ctx, r.Cluster.Ref)
}
