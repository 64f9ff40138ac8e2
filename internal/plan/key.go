package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// KeyTag is the tag of a key by which the plan that made it is found again, and without
// which no plan deletes one.
const KeyTag = "eksposure-plan"

// DeletionDays is how long a key waits for its deletion when a plan that made it is taken
// back: the longest that KMS has (ScheduleKeyDeletion, PendingWindowInDays).
const DeletionDays = 30

// KMS's words for keys that are on their way out.
const (
	keyPendingDeletion        = "PendingDeletion"
	keyPendingReplicaDeletion = "PendingReplicaDeletion"
)

// NewKey is a KMS key that a plan makes; one without an alias is none.
type NewKey struct {
	// Alias is how the key is called in its account and region: alias/eksposure/CLUSTER.
	Alias       string `json:"alias,omitempty"`
	Description string `json:"description,omitempty"`
	// Policy is the key policy, as JSON.
	Policy   string `json:"policy,omitempty"`
	Rotation bool   `json:"rotation,omitempty"`
	// Plan is the ID of the plan, which the key has in its tag KeyTag; Cluster is the
	// cluster's name, in its tag eksposure-cluster.
	Plan    string `json:"plan,omitempty"`
	Cluster string `json:"cluster,omitempty"`
}

// String writes the key for a person.
func (k NewKey) String() string {
	if k.Alias == "" {
		return "no key of this plan"
	}
	return fmt.Sprintf("%s, symmetric, rotated each year, with the policy %s", k.Alias, k.Policy)
}

// MadeKey is what there is of a key that a plan makes.
type MadeKey struct {
	// ARN is empty when there is no key of the plan.
	ARN, State string
	Rotation   bool
	// Aliased is the ARN of the key that the alias names; empty when it names none.
	Aliased string
}

// Made reports whether the key is as an action wants it.
func (a Action) Made(is MadeKey) bool {
	if a.To.Key == nil || a.To.Key.Alias == "" {
		return is.Aliased == "" && (is.ARN == "" || goes(is.State))
	}
	return is.ARN != "" && is.State == keyEnabled && is.Rotation && is.Aliased == is.ARN
}

// Strange says what is not as the action left it, or may not be touched by it; empty when
// nothing is.
func (a Action) Strange(is MadeKey) string {
	key, making := a.To.Key, true
	if key.Alias == "" {
		key, making = a.From.Key, false
	}
	switch {
	case is.Aliased != "" && is.Aliased != is.ARN:
		return fmt.Sprintf("%s names the key %s, which this plan did not make", key.Alias, is.Aliased)
	case making && is.ARN != "" && is.State != keyEnabled:
		return fmt.Sprintf("the key %s is %s", is.ARN, is.State)
	}
	return ""
}

func goes(state string) bool {
	return state == keyPendingDeletion || state == keyPendingReplicaDeletion
}

// AliasOf is the name of the key that a plan makes for a cluster. A cluster's name is
// unique in its account and region, and so is an alias; EKS's names have no letter that an
// alias may not have.
func AliasOf(ref inventory.ClusterRef) string { return "alias/eksposure/" + ref.Name }

// AliasARN is that name as EKS takes it for a key (EKS API Reference, Provider).
func AliasARN(ref inventory.ClusterRef) string {
	return strings.Join([]string{"arn", ref.Partition, "kms", ref.Region, ref.Account, AliasOf(ref)}, ":")
}

// IsAlias reports whether the ARN is an alias's.
func IsAlias(arn string) bool {
	return strings.Contains(arn, ":alias/")
}

// DraftNewKey gives the actions that make a key and encrypt a cluster's secrets with it.
// The key can be taken back until it encrypts the cluster.
func DraftNewKey(s *inventory.Snapshot, planID string) ([]Action, []Check, error) {
	now, err := unencrypted(s)
	if err != nil {
		return nil, nil, err
	}
	ref := s.Cluster.Ref
	policy, err := keyPolicy(s)
	if err != nil {
		return nil, nil, err
	}
	key := NewKey{Alias: AliasOf(ref), Description: "Kubernetes secrets of EKS cluster " + ref.Name, Policy: policy, Rotation: true, Plan: planID, Cluster: ref.Name}
	create := Action{
		Kind: KeyCreation, Target: inventory.ResourceRef{Type: inventory.TypeKey, UID: AliasARN(ref), Name: key.Alias}, Title: "Make the KMS key " + key.Alias,
		From: Setting{Key: &NewKey{}}, To: Setting{Key: &key},
		Permissions: []string{
			"kms:CreateAlias", "kms:CreateKey", "kms:DeleteAlias", "kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyRotationStatus", "kms:ListKeys", "kms:ListResourceTags",
			"kms:ScheduleKeyDeletion", "kms:TagResource",
		},
		Risk: RiskLow, Effect: Deferred,
		UndoLimit: fmt.Sprintf("until it encrypts the cluster; KMS deletes it %d days later", DeletionDays),
	}
	return []Action{create, associate(ref, now, AliasARN(ref))}, []Check{
		{"key", Passed, "it is made for this cluster: symmetric, in its region, and rotated each year"},
		{checkKeyPolicy, Passed, "the account's own IAM policies decide about the key, and the cluster's role may use it; who else may delete it is up to them"},
	}, nil
}

// keyPolicy is the one that KMS gives keys by default (KMS Developer Guide, "Default key
// policy"), so that the account never locks itself out, and the cluster's role may use the
// key. EKS itself works by a grant that is made in the name of who associates it.
func keyPolicy(s *inventory.Snapshot) (string, error) {
	ref := s.Cluster.Ref
	type statement struct {
		Sid       string            `json:"Sid"`
		Effect    string            `json:"Effect"`
		Principal map[string]string `json:"Principal"`
		Action    []string          `json:"Action"`
		Resource  string            `json:"Resource"`
	}
	list := []statement{{"Account", "Allow", map[string]string{"AWS": "arn:" + ref.Partition + ":iam::" + ref.Account + ":root"}, []string{"kms:*"}, "*"}}
	if role := s.Cluster.RoleARN; role != "" {
		list = append(list, statement{"Cluster", "Allow", map[string]string{"AWS": role}, []string{"kms:DescribeKey", "kms:Decrypt", "kms:Encrypt", "kms:ListGrants"}, "*"})
	}
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": list})
	if err != nil {
		return "", fmt.Errorf("policy of a key for cluster %q: %w", ref, err)
	}
	return string(text), nil
}

// unencrypted is what a cluster has that can be given a key.
func unencrypted(s *inventory.Snapshot) (Setting, error) {
	if s.Gap(inventory.SectionCluster) != nil {
		return Setting{}, fmt.Errorf("encryption of cluster %q is not known; scan it first: %w", s.Cluster.Ref, fault.ErrUnavailable)
	}
	now := Of(SecretsEncryption, s)
	if now.Encryption.KeyARN != "" {
		return Setting{}, fmt.Errorf("secrets of cluster %q are encrypted with %s already, and EKS does not exchange the key: %w", s.Cluster.Ref, now.Encryption.KeyARN, fault.ErrConflict)
	}
	return now, nil
}

// associate is the action that encrypts a cluster's secrets with a key.
func associate(ref inventory.ClusterRef, now Setting, key string) Action {
	return Action{
		Kind: SecretsEncryption, Target: ref.Resource(), Title: "Encrypt Kubernetes secrets with " + key,
		From: now, To: Setting{Encryption: &Encryption{KeyARN: key}},
		Permissions: []string{"eks:AssociateEncryptionConfig", "eks:DescribeUpdate", "kms:CreateGrant", "kms:DescribeKey"},
		Risk:        RiskHigh, Effect: Immediate,
		Irreversible: "EKS cannot take the encryption away; a key that is disabled stops the cluster, and one that is deleted makes it unrecoverable",
	}
}

// Encrypts reports whether a cluster's secrets are encrypted with a key.
func Encrypts(s *inventory.Snapshot, key string) bool {
	return slices.ContainsFunc(s.Cluster.Encryption, func(e inventory.Encryption) bool {
		return key != "" && (e.KeyARN == key || e.KeyARN == AliasARN(s.Cluster.Ref))
	})
}
