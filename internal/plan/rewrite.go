package plan

import (
	"fmt"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// SecretMark is the annotation that a plan gives a secret to have it written again; its
// value is the plan's ID.
const SecretMark = "eksposure-rewritten-by-plan" //nolint:gosec // an annotation's name

// Rewriting is how far a plan is with writing secrets again.
type Rewriting struct {
	// Written were written in this round, and Left are those that were seen and were not.
	Written, Left int
	// Failed names those that could not be written, with why; Complete tells that all
	// were tried.
	Failed   []string
	Complete bool
}

// DraftRewrite gives the action that has the API server write all secrets again, which
// encrypts those that were there before the key. From Kubernetes 1.28 on EKS encrypts all
// data by itself (Amazon EKS User Guide, "Default envelope encryption for all Kubernetes API
// data"); for such a cluster it is fault.ErrInvalid.
func DraftRewrite(s *inventory.Snapshot, planID string) (Action, error) {
	by, err := encryptsItself(s)
	if err != nil {
		return Action{}, err
	}
	if by {
		return Action{}, fmt.Errorf("cluster %q has Kubernetes %s, and EKS encrypts existing secrets by itself from 1.28 on; leave rewriting out: %w", s.Cluster.Ref, s.Cluster.Version, fault.ErrInvalid)
	}
	return Action{
		Kind: SecretsRewrite, Target: s.Cluster.Ref.Resource(), Title: "Write existing secrets again, so that they are encrypted with the key",
		From: Setting{}, To: Setting{SecretMark: planID}, Permissions: []string{"secrets: list", "secrets: patch"},
		Risk: RiskLow, Effect: Immediate, Irreversible: "what is written again is encrypted with the key; the annotation " + SecretMark + " stays",
	}, nil
}

// encryptsItself reports whether EKS encrypts what was there before a key.
func encryptsItself(s *inventory.Snapshot) (bool, error) {
	v, err := inventory.ParseKubernetesVersion(s.Cluster.Version)
	return err == nil && v.Compare(inventory.KubernetesVersion{Major: 1, Minor: 28}) >= 0, err
}

// checkExisting is the name of the check of secrets that a plan leaves as they are stored.
const checkExisting = "existing secrets"

// ExistingSecrets is the check of a plan that gives a cluster a key and does not write its
// secrets again; none where EKS does that by itself.
func ExistingSecrets(s *inventory.Snapshot) []Check {
	if by, err := encryptsItself(s); err == nil && by {
		return nil
	}
	return []Check{{checkExisting, Unknown, "on Kubernetes 1.27 and older, those that are there stay unencrypted in etcd until they are written again; draft the plan with --rewrite-secrets, or do it by hand afterwards: " +
		"kubectl get secrets --all-namespaces -o json | kubectl annotate --overwrite -f - kms-encryption-timestamp=\"$(date -u +%s)\""}}
}

// Leaves says what is to be done by hand once the plan is done.
func (p *Plan) Leaves() []string {
	var list []string
	for _, c := range p.Checks {
		if c.Name == checkExisting && c.Verdict == Unknown {
			list = append(list, c.Name+": "+c.Detail)
		}
	}
	return list
}
