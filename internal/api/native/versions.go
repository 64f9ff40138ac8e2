package native

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// Versions is the calendar of Kubernetes versions, per region.
type Versions struct {
	Regions []RegionVersions `json:"regions" doc:"One calendar per region that has clusters."`
	Cost    VersionCost      `json:"cost" doc:"What all clusters cost for the control plane."`
	// Unneeded are those that look as if nobody needs them.
	Unneeded UnneededCost `json:"unneeded" doc:"What clusters cost that look unneeded: no nodes, no running workload outside the system namespaces, nothing started for the policy's number of days."`
}

// UnneededCost is what clusters cost that look unneeded.
type UnneededCost struct {
	Clusters   int               `json:"clusters" doc:"How many there are."`
	MonthlyUSD float64           `json:"monthly_usd" doc:"What they cost a month for the control plane, in US dollars."`
	Items      []UnneededCluster `json:"items" doc:"The most expensive of them, at most 20."`
}

// UnneededCluster is a cluster that looks unneeded.
type UnneededCluster struct {
	exposure.Unneeded

	Cluster inventory.ClusterRef `json:"cluster" doc:"The cluster."`
}

// maxUnneeded bounds the clusters that are named.
const maxUnneeded = 20

func (u *UnneededCost) add(r exposure.ClusterRecord) {
	if r.Unneeded == nil {
		return
	}
	u.Clusters++
	u.MonthlyUSD += r.Unneeded.MonthlyUSD
	u.Items = append(u.Items, UnneededCluster{Unneeded: *r.Unneeded, Cluster: r.Cluster.Ref})
	slices.SortStableFunc(u.Items, func(a, b UnneededCluster) int { return cmp.Compare(b.MonthlyUSD, a.MonthlyUSD) })
	u.Items = u.Items[:min(len(u.Items), maxUnneeded)]
}

// RegionVersions is the calendar of one region.
type RegionVersions struct {
	Region   string       `json:"region" doc:"AWS region."`
	ReadAt   time.Time    `json:"read_at,omitzero" doc:"When the newest snapshot that has the calendar was collected."`
	Versions []VersionRow `json:"versions" doc:"Newest version first."`
}

// VersionRow is one version with the clusters that run it.
type VersionRow struct {
	inventory.VersionSupport

	Clusters int                    `json:"clusters" doc:"Clusters of the region that run it."`
	First    []inventory.ClusterRef `json:"first" doc:"The first of them by account and name, at most 6."`
	Cost     VersionCost            `json:"cost" doc:"What they cost for the control plane."`
}

// maxFirst bounds the clusters that are named of one version in one region.
const maxFirst = 6

// VersionCost is the price of control planes, in US dollars.
type VersionCost struct {
	MonthlyUSD float64 `json:"monthly_usd" doc:"A month of 730 hours, in US dollars."`
	ExtraUSD   float64 `json:"extra_usd" doc:"The part of it that extended support adds."`
}

// EKS's prices per cluster-hour (aws.amazon.com/eks/pricing), and a month's hours.
const (
	standardPerHour = 0.10
	extendedPerHour = 0.60
	monthHours      = 730
)

func costOf(status string, clusters int) VersionCost {
	c := VersionCost{MonthlyUSD: standardPerHour * monthHours * float64(clusters)}
	if status == "EXTENDED_SUPPORT" {
		c.ExtraUSD = (extendedPerHour - standardPerHour) * monthHours * float64(clusters)
		c.MonthlyUSD += c.ExtraUSD
	}
	return c
}

func (s *service) versions(ctx context.Context, q *request) (any, error) {
	v := Versions{Regions: []RegionVersions{}, Unneeded: UnneededCost{Items: []UnneededCluster{}}}
	regions := map[string]*RegionVersions{}
	running, first := map[[2]string]int{}, map[[2]string][]inventory.ClusterRef{}
	err := s.eachCluster(ctx, q, func(r exposure.ClusterRecord) {
		v.Unneeded.add(r)
		ref := r.Cluster.Ref
		version := [2]string{ref.Region, r.Cluster.Version}
		if running[version]++; running[version] <= maxFirst {
			first[version] = append(first[version], ref)
		}
		known := regions[ref.Region]
		if known == nil {
			known = &RegionVersions{Region: ref.Region, Versions: []VersionRow{}}
			regions[ref.Region] = known
		}
		if len(r.Cluster.Calendar) == 0 || !r.CollectedAt.After(known.ReadAt) {
			return
		}
		known.ReadAt, known.Versions = r.CollectedAt, known.Versions[:0]
		for _, v := range r.Cluster.Calendar {
			known.Versions = append(known.Versions, VersionRow{VersionSupport: v})
		}
	})
	if err != nil {
		return nil, err
	}
	for _, region := range regions {
		for i := range region.Versions {
			row := &region.Versions[i]
			version := [2]string{region.Region, row.Version}
			row.Clusters, row.First = running[version], append([]inventory.ClusterRef{}, first[version]...)
			row.Cost = costOf(row.Status, row.Clusters)
			v.Cost.MonthlyUSD += row.Cost.MonthlyUSD
			v.Cost.ExtraUSD += row.Cost.ExtraUSD
		}
		slices.SortStableFunc(region.Versions, func(a, b VersionRow) int { return newest(a.Version, b.Version) })
		v.Regions = append(v.Regions, *region)
	}
	slices.SortFunc(v.Regions, func(a, b RegionVersions) int { return cmp.Compare(a.Region, b.Region) })
	return v, nil
}

// newest puts the newer version first, and what is none last.
func newest(a, b string) int {
	x, errX := inventory.ParseKubernetesVersion(a)
	y, errY := inventory.ParseKubernetesVersion(b)
	if errX != nil || errY != nil {
		return cmp.Compare(b, a)
	}
	return y.Compare(x)
}
