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
			description: "In the order of account, region and name, with version support, endpoint, encryption, sizes, what could not be read, and the finding in short.",
			params: paging(
				param{name: "account", doc: "Only this account.", repeated: true, shape: accountShape},
				param{name: "region", doc: "Only this region.", repeated: true, shape: regionShape},
				param{name: "name", doc: "Only clusters with this in their name."},
				param{name: "incomplete", doc: "true: only clusters of which something could not be read or decided.", words: []string{"true", "false"}},
				param{name: "gone", doc: "true: also clusters that no longer exist.", words: []string{"true", "false"}},
			),
			answer: page[exposure.ClusterRecord]{}, handle: s.listClusters,
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
		Accounts: q.texts("account"), Regions: q.texts("region"), Name: q.text("name"),
		Incomplete: q.text("incomplete") == "true", Gone: q.text("gone") == "true", Limit: q.limit() + 1,
	}
	if err := q.cursor(&query.After); err != nil {
		return nil, err
	}
	records, err := s.cfg.Clusters.ClusterRecords(ctx, q.caller.Scope, query)
	if err != nil {
		return nil, err
	}
	return cut(records, q.limit(), func(r exposure.ClusterRecord) any { return r.Cluster.Ref }), nil
}

// cluster finds the cluster that the path names, inside the caller's scope.
func (s *service) cluster(ctx context.Context, q *request) (exposure.ClusterRecord, error) {
	account, region, name := q.text("account"), q.text("region"), q.text("name")
	records, err := s.cfg.Clusters.ClusterRecords(ctx, q.caller.Scope, exposure.ClusterQuery{
		Accounts: []string{account}, Regions: []string{region}, Name: name, Gone: true, Limit: walkPage,
	})
	if err != nil {
		return exposure.ClusterRecord{}, err
	}
	i := slices.IndexFunc(records, func(r exposure.ClusterRecord) bool { return r.Cluster.Ref.Name == name })
	if i < 0 {
		return exposure.ClusterRecord{}, fmt.Errorf("no scan recorded a cluster %q in account %s, region %s: %w", name, account, region, fault.ErrNotFound)
	}
	return records[i], nil
}

func (s *service) snapshot(ctx context.Context, q *request) (any, error) {
	r, err := s.cluster(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.cfg.Clusters.Snapshot(ctx, r.Cluster.Ref)
}
