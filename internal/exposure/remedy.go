package exposure

import (
	"fmt"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Remedy is what remedying by an option is like.
type Remedy struct {
	Reversibility Reversibility
	// Limit says what of a change comes back, or why it does not.
	Limit string
	// Immediate tells that the exposure ends with the change itself, and not with a
	// later deployment.
	Immediate bool
	Risk      Risk
	// Source is the address of the page that the rules come from.
	Source string
}

// Reversibility is whether a change can be taken back.
type Reversibility string

// The reversibilities, in Security Hub's words where it has one.
const (
	Reversible   Reversibility = "Fully reversible"
	Partly       Reversibility = "Partly reversible"
	Irreversible Reversibility = "Irreversible"
)

// Risk is how much can go wrong with a change.
type Risk string

// The risks.
const (
	RiskLow    Risk = "Low"
	RiskMedium Risk = "Medium"
	RiskHigh   Risk = "High"
)

// Describe gives the reversibility with its limit.
func (r Remedy) Describe() string {
	if r.Limit == "" {
		return string(r.Reversibility)
	}
	return string(r.Reversibility) + ": " + r.Limit
}

// Effect is "Immediate" or "Deferred", as Security Hub's FixEffect.
func (r Remedy) Effect() string {
	if r.Immediate {
		return "Immediate"
	}
	return "Deferred"
}

// UpgradeRemedy is what an upgrade of the control plane is like.
func UpgradeRemedy() Remedy {
	return Remedy{
		Reversibility: Partly, Limit: "EKS rolls back one minor version within seven days, once no node has the newer one", Risk: RiskHigh,
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/rollback-cluster.html",
	}
}

// NoRollback says why EKS does not roll a control plane back to a version, by the calendar and the
// cluster's upgrade policy; empty when it does (Amazon EKS User Guide, "Roll back a cluster to
// a previous Kubernetes version"). A version that the calendar does not have is past it.
func NoRollback(to string, calendar []inventory.VersionSupport, policy string) string {
	status := "UNSUPPORTED"
	for _, row := range calendar {
		if row.Version == to {
			status = row.Status
		}
	}
	switch {
	case status == "UNSUPPORTED":
		return fmt.Sprintf("support of %s has ended, and EKS documents no way back to such a version", to)
	case status != "STANDARD_SUPPORT" && policy == "STANDARD":
		return fmt.Sprintf("EKS rolls back to a version in extended support, such as %s, with the upgrade policy EXTENDED alone, and the cluster has STANDARD", to)
	}
	return ""
}

// DeleteOption is the one option of DeleteTopic.
func DeleteOption() Option {
	return Option{
		ID: "delete", Title: "Delete the cluster",
		Remedy: Remedy{Reversibility: Irreversible, Immediate: true, Risk: RiskHigh, Source: "https://docs.aws.amazon.com/eks/latest/userguide/delete-cluster.html"},
	}
}
