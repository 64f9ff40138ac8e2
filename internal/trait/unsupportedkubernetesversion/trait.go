// Package unsupportedkubernetesversion is the trait of a cluster whose Kubernetes
// version, on the control plane or on nodes, is not in standard support.
//
// The support state is that of EKS's own calendar for the region, versions are
// compared as integers and days counted in UTC. A version newer than any known
// is unknown. A built-in calendar that stands in for EKS's is named in the
// evidence.
package unsupportedkubernetesversion

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

//go:embed trait.md
var text string

const (
	id              = "unsupported-kubernetes-version"
	variantNotKnown = "version-not-known"
)

// The control plane's price by the hour in cents of a USD, and the hours of a
// month as AWS bills them (aws.amazon.com/eks/pricing).
const (
	standardCents = 10
	extendedCents = 60
	hoursPerMonth = 730
)

// Trait gives the trait.
func Trait() exposure.Trait {
	controlPlane := []string{exposure.VariantUnsupported, exposure.VariantExtendedSupport}
	nodes := []string{exposure.VariantNodesUnsupported, exposure.VariantNodesExtended, exposure.VariantNodesBehind}
	return exposure.Trait{
		ID:     id,
		Type:   exposure.Misconfiguration,
		Title:  "The Amazon EKS cluster uses an unsupported Kubernetes version",
		Short:  "Unsupported Kubernetes version",
		Phrase: "uses an unsupported Kubernetes version",
		Needs:  []inventory.Section{inventory.SectionCluster, inventory.SectionVersions},
		Detect: detect,
		Effort: exposure.EffortDays,
		Options: []exposure.Option{
			{ID: "upgrade", Title: "Upgrade the cluster to a version in standard support", Remedy: exposure.UpgradeRemedy(), When: controlPlane, Mends: slices.Concat(controlPlane, nodes)},
			{ID: "nodes", Title: "Bring the nodes to the control plane's version", Remedy: exposure.Remedy{Reversibility: exposure.Irreversible, Limit: "EKS does not roll a node group back to an earlier version; nodes of one take a new node group", Risk: exposure.RiskMedium, Source: "https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html"}, When: nodes},
			{ID: "replace", Title: "Move the workloads to a new cluster", Remedy: exposure.Remedy{Reversibility: exposure.Reversible, Risk: exposure.RiskHigh, Source: "https://docs.aws.amazon.com/eks/latest/userguide/create-cluster.html"}, When: controlPlane, Mends: slices.Concat(controlPlane, nodes)},
		},
		Text: text,
	}
}

func detect(s *inventory.Snapshot, p exposure.Policy) []exposure.Evidence {
	if why := unjudged(&s.Cluster); why != "" {
		return []exposure.Evidence{unknown(s.Cluster.Ref.Resource(), why)}
	}
	version, err := inventory.ParseKubernetesVersion(s.Cluster.Version)
	if err != nil {
		return []exposure.Evidence{unknown(s.Cluster.Ref.Resource(), fmt.Sprintf("The cluster's Kubernetes version %q is not MAJOR.MINOR.", s.Cluster.Version))}
	}
	d := detection{s: s, p: p, calendar: newCalendar(s), version: version}
	found := d.controlPlane()
	found = append(found, d.nodeGroups()...)
	return append(found, d.kubelets()...)
}

// unjudged says why the cluster has no version to judge; empty when it has one.
func unjudged(c *inventory.Cluster) string {
	if c.Connector != "" {
		return fmt.Sprintf("The cluster is connected to EKS by EKS Connector (provider %s): EKS does not manage its Kubernetes version.", c.Connector)
	}
	switch c.Status {
	case "CREATING", "DELETING", "FAILED", "PENDING":
		return fmt.Sprintf("The cluster's status is %s, so its Kubernetes version %q says nothing yet or any more.", c.Status, c.Version)
	}
	if c.Version == "" {
		return fmt.Sprintf("EKS gave no Kubernetes version for the cluster (status %s).", c.Status)
	}
	return ""
}

func unknown(r inventory.ResourceRef, why string) exposure.Evidence {
	return exposure.Evidence{Standing: exposure.Unknown, Variant: variantNotKnown, Resource: r, Summary: why}
}

// detection is one snapshot's question, with what all parts of it need.
type detection struct {
	s        *inventory.Snapshot
	p        exposure.Policy
	calendar calendar
	version  inventory.KubernetesVersion
}

func (d *detection) controlPlane() []exposure.Evidence {
	answer := d.calendar.support(d.version)
	e := exposure.Evidence{Standing: exposure.Contributing, Resource: d.s.Cluster.Ref.Resource(), Facts: d.facts(answer)}
	subject := "Kubernetes " + d.version.String()
	switch answer.state {
	case notKnown:
		return []exposure.Evidence{unknown(e.Resource, fmt.Sprintf("%s: %s (%s).", subject, answer.why, d.calendar.source))}
	case past:
		e.Variant = exposure.VariantUnsupported
		e.Summary = fmt.Sprintf("%s is past the end of extended support%s; AWS upgrades the control plane at a time it does not announce, and not the nodes",
			subject, ended(answer.row.EndOfExtended, d.calendar.today))
	case extended:
		e.Variant = exposure.VariantExtendedSupport
		e.Summary = fmt.Sprintf("%s is in extended support%s; it costs 0.60 instead of 0.10 USD per cluster-hour, %d USD more a month",
			subject, left(answer.row.EndOfExtended, d.calendar.today), extraMonthlyUSD())
		if d.s.Cluster.SupportType == supportStandard {
			e.Summary += ", until AWS upgrades it, as the upgrade policy STANDARD says"
		}
	case standard:
		days, known := d.calendar.daysTo(answer.row.EndOfStandard)
		if !known || days > d.p.SupportEndsWithinDays {
			return nil
		}
		e.Standing, e.Variant = exposure.Contextual, exposure.VariantSupportEnding
		e.Summary = fmt.Sprintf("Standard support of %s ends on %s, in %d days (noted from %d days on); %s",
			subject, date(answer.row.EndOfStandard), days, d.p.SupportEndsWithinDays, d.thereafter())
	}
	e.Summary += d.calendar.note()
	if path := d.calendar.path(d.version); len(path) > 1 {
		e.Facts = append(e.Facts, exposure.Fact{Name: "upgrade path", Value: strings.Join(path, " → ")})
	}
	return []exposure.Evidence{e}
}

// supportStandard is the upgrade policy under which a cluster never enters
// extended support.
const supportStandard = "STANDARD"

// thereafter says what AWS does at the end of standard support.
func (d *detection) thereafter() string {
	if d.s.Cluster.SupportType == supportStandard {
		return "by the upgrade policy STANDARD the cluster will be upgraded by AWS at the end of standard support"
	}
	return fmt.Sprintf("then extended support begins, at 0.60 instead of 0.10 USD per cluster-hour, %d USD more a month", extraMonthlyUSD())
}

func extraMonthlyUSD() int { return (extendedCents - standardCents) * hoursPerMonth / 100 }

func (d *detection) facts(a answer) []exposure.Fact {
	facts := []exposure.Fact{
		{Name: "version", Value: d.version.String(), Limit: "fires before " + d.calendar.oldestStandard()},
		{Name: "support state", Value: a.state.String(), Limit: "fires unless " + standard.String()},
	}
	if days, ok := d.calendar.daysTo(a.row.EndOfStandard); ok {
		facts = append(facts, exposure.Fact{Name: "end of standard support", Value: date(a.row.EndOfStandard)},
			exposure.Fact{Name: "days left of standard support", Value: strconv.Itoa(days), Limit: "fires at " + strconv.Itoa(d.p.SupportEndsWithinDays) + " or fewer"})
	}
	if days, ok := d.calendar.daysTo(a.row.EndOfExtended); ok {
		facts = append(facts, exposure.Fact{Name: "end of extended support", Value: date(a.row.EndOfExtended)},
			exposure.Fact{Name: "days left of extended support", Value: strconv.Itoa(days)})
	}
	if d.s.Cluster.SupportType != "" {
		facts = append(facts, exposure.Fact{Name: "upgrade policy", Value: d.s.Cluster.SupportType})
	}
	if a.state == extended {
		facts = append(facts, exposure.Fact{Name: "extra cost in USD a month", Value: strconv.Itoa(extraMonthlyUSD())})
	}
	return append(facts, exposure.Fact{Name: "calendar", Value: d.calendar.source})
}
