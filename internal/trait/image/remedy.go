package image

import "github.com/eksposure/eksposure/internal/exposure"

// Rollout is what running another build of the same image is like.
func Rollout() exposure.Remedy {
	return exposure.Remedy{
		Reversibility: exposure.Reversible, Risk: exposure.RiskLow,
		Source: "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-back-a-deployment",
	}
}

// NewBase is what moving an image to another base is like: libraries change.
func NewBase() exposure.Remedy {
	c := Rollout()
	c.Risk = exposure.RiskMedium
	return c
}

// AddonUpdate is what another version of an EKS add-on is like.
func AddonUpdate() exposure.Remedy {
	return exposure.Remedy{
		Reversibility: exposure.Reversible, Immediate: true, Risk: exposure.RiskLow,
		Source: "https://docs.aws.amazon.com/eks/latest/userguide/updating-an-add-on.html",
	}
}
