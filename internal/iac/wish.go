package iac

import (
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

// Wish is what the files shall say about one cluster. What is empty stays as it is.
type Wish struct {
	Cluster     inventory.ClusterRef
	Endpoint    *plan.Endpoint
	KeyARN      string
	Version     string
	SupportType string
	NodeGroups  []Versioned
	Addons      []Versioned
	Images      []Image
	// Notes are about the wish itself.
	Notes []string
}

// Versioned is a node group or an add-on, and the version that it shall have.
type Versioned struct{ Name, Version string }

// Image is what a container of a workload runs, and shall run.
type Image struct {
	Workload  inventory.WorkloadRef
	Container string
	Init      bool
	From, To  string
}

// WishOf reads from a plan what files would have to say. An upgrade of several
// versions is wished for its first step alone: EKS takes one at a time. A plan that
// deletes is fault.ErrInvalid.
func WishOf(p *plan.Plan) (Wish, error) {
	w := Wish{Cluster: p.Cluster}
	if p.Deletes() {
		return w, fmt.Errorf("a cluster is deleted from its code by taking out all that belongs to it, for which no patch is made; `eksposure findings` has the steps: %w", fault.ErrInvalid)
	}
	step, later := firstStep(p.Actions)
	for _, a := range step {
		switch a.Kind {
		case plan.EndpointAccess:
			w.Endpoint = a.To.Endpoint
		case plan.SecretsEncryption:
			w.KeyARN = a.To.Encryption.KeyARN
		case plan.UpgradePolicy:
			w.SupportType = a.To.SupportType
		case plan.ControlPlaneVersion:
			w.Version = a.To.Version
		case plan.NodeGroupVersion:
			w.NodeGroups = set(w.NodeGroups, Versioned{a.Target.Name, a.To.Version})
		case plan.AddonVersion:
			w.Addons = set(w.Addons, Versioned{a.Target.Name, a.To.Addon.Version})
		case plan.WorkloadImage:
			w.Images = append(w.Images, imagesOf(a)...)
		case plan.SourceRanges:
			return w, fmt.Errorf("source ranges are named in the manifest or chart that the object is made by, for which no patch is made; `eksposure traits explain internet-reachable-workload` has it for kubectl, Kustomize and Helm: %w", fault.ErrInvalid)
		case plan.KeyCreation:
			return w, fmt.Errorf("a key is made by the code that the cluster is made by: add it there (`eksposure traits explain unencrypted-kubernetes-secrets` has it for Terraform), and name it with --key: %w", fault.ErrInvalid)
		case plan.SecretsRewrite:
			w.Notes = append(w.Notes, "Existing secrets are not written again by code; apply a plan for that, or see `eksposure traits explain unencrypted-kubernetes-secrets`.")
		case plan.Deletion: // refused above
		}
	}
	if len(step) == 0 {
		return w, fmt.Errorf("the plan changes nothing: %w", fault.ErrInvalid)
	}
	if later > 0 {
		w.Notes = append(w.Notes, fmt.Sprintf("EKS upgrades by one minor version at a time: this is the first step, and %d more follow. Apply it, scan the cluster, and make the next patch.", later))
	}
	return w, nil
}

// firstStep gives the actions up to the next version of the control plane, and how
// many such steps follow. Node groups that are behind come before the first one.
func firstStep(actions []plan.Action) (step []plan.Action, later int) {
	var steps [][]plan.Action
	for i, a := range actions {
		if i == 0 || a.Kind == plan.ControlPlaneVersion {
			steps = append(steps, nil)
		}
		steps[len(steps)-1] = append(steps[len(steps)-1], a)
	}
	if len(steps) == 0 {
		return nil, 0
	}
	return steps[0], len(steps) - 1
}

// set puts a version in the place of the one of the same name.
func set(list []Versioned, v Versioned) []Versioned {
	if i := slices.IndexFunc(list, func(o Versioned) bool { return o.Name == v.Name }); i >= 0 {
		list[i] = v
		return list
	}
	return append(list, v)
}

func imagesOf(a plan.Action) []Image {
	var list []Image
	for i, to := range a.To.Images.Containers {
		list = append(list, Image{a.To.Images.Workload, to.Name, to.Init, a.From.Images.Containers[i].Reference, to.Reference})
	}
	return list
}
