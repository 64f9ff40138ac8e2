package exposure

import (
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Prices of a control plane in USD per cluster and hour (aws.amazon.com/eks/pricing,
// read November 2026), and the hours of a month as AWS bills them.
const (
	standardPerHour = 0.10
	extendedPerHour = 0.60
	hoursPerMonth   = 730
)

// Unneeded says why a cluster looks as if nobody needs it, and what it costs.
type Unneeded struct {
	Reasons []string `json:"reasons"`
	// Since is when something of the users' last ran, or the cluster's creation.
	Since time.Time `json:"since"`
	// MonthlyUSD is the price of the control plane alone.
	MonthlyUSD float64 `json:"monthly_usd"`
}

// LooksUnneeded reports a cluster with no nodes, no running workload outside the
// system namespaces, and nothing started for the policy's number of days. It is
// nil when the cluster is in use, or when the parts that tell were not read.
func LooksUnneeded(s *inventory.Snapshot, p Policy) *Unneeded {
	for _, section := range []inventory.Section{inventory.SectionCluster, inventory.SectionNodeGroups, inventory.SectionWorkloads, inventory.SectionNodes} {
		if len(s.GapsOf(section)) > 0 {
			return nil
		}
	}
	if s.Cluster.Connector != "" || s.Cluster.CreatedAt.IsZero() {
		return nil
	}
	since := s.Cluster.CreatedAt
	workloads := 0
	for _, w := range s.Workloads {
		if inventory.SystemNamespace(w.Namespace) {
			continue
		}
		if w.Running > 0 {
			return nil
		}
		workloads++
		for _, at := range []time.Time{w.LastStarted, w.CreatedAt} {
			if at.After(since) {
				since = at
			}
		}
	}
	desired := 0
	for _, g := range s.NodeGroups {
		desired += g.Desired
	}
	idle := int(s.CollectedAt.Sub(since).Hours() / 24)
	if len(s.Nodes) > 0 || desired > 0 || idle < p.UnneededAfterDays {
		return nil
	}
	return &Unneeded{
		Reasons: []string{
			"no nodes, and no node group that asks for one",
			fmt.Sprintf("no running workload outside the system namespaces (%d defined)", workloads),
			fmt.Sprintf("nothing started for %d days (limit %d)", idle, p.UnneededAfterDays),
		},
		Since:      since,
		MonthlyUSD: MonthlyUSD(s),
	}
}

// MonthlyUSD is what the cluster's control plane costs in a month of 730 hours:
// the price of extended support when its version is in it.
func MonthlyUSD(s *inventory.Snapshot) float64 {
	perHour := standardPerHour
	for _, v := range s.Calendar.Versions {
		if v.Version == s.Cluster.Version && v.Status != "STANDARD_SUPPORT" {
			perHour = extendedPerHour
		}
	}
	return perHour * hoursPerMonth
}
