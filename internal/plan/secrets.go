package plan

import (
	"fmt"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// optionAssociate is the option of the secrets topic that can be applied.
const optionAssociate = "associate"

// KMS's words for a key that can be used, and for whose it is.
const (
	keyEnabled        = "Enabled"
	managedByCustomer = "CUSTOMER"
)

// KeyState is what KMS tells of a key (kms:DescribeKey).
type KeyState struct {
	ARN, State, Spec, Usage, Manager string
}

// DraftSecrets gives the action that encrypts a cluster's secrets with a key. It
// cannot be undone (Amazon EKS User Guide, "Encrypt Kubernetes secrets with KMS").
// A key that EKS would refuse is fault.ErrInvalid; a cluster that has one already is
// fault.ErrConflict.
func DraftSecrets(s *inventory.Snapshot, option string, key KeyState) ([]Action, []Check, error) {
	if option != optionAssociate {
		return nil, nil, fmt.Errorf("option %q has written guidance and is not applied by eksposure; the one that is: %s: %w", option, optionAssociate, fault.ErrInvalid)
	}
	if s.Gap(inventory.SectionCluster) != nil {
		return nil, nil, fmt.Errorf("encryption of cluster %q is not known; scan it first: %w", s.Cluster.Ref, fault.ErrUnavailable)
	}
	now := Of(SecretsEncryption, s)
	if now.Encryption.KeyARN != "" {
		return nil, nil, fmt.Errorf("secrets of cluster %q are encrypted with %s already, and EKS does not exchange the key: %w", s.Cluster.Ref, now.Encryption.KeyARN, fault.ErrConflict)
	}
	if err := fits(s.Cluster.Ref, key); err != nil {
		return nil, nil, err
	}
	action := Action{
		Kind: SecretsEncryption, Target: s.Cluster.Ref.Resource(), Title: "Encrypt Kubernetes secrets with " + key.ARN,
		From: now, To: Setting{Encryption: &Encryption{KeyARN: key.ARN}},
		Permissions: []string{"eks:AssociateEncryptionConfig", "eks:DescribeUpdate", "kms:CreateGrant", "kms:DescribeKey"},
		Risk:        RiskHigh, Effect: Immediate,
		Irreversible: "EKS cannot take the encryption away; a key that is disabled stops the cluster, and one that is deleted makes it unrecoverable",
	}
	return []Action{action}, []Check{
		{"key", Passed, key.ARN + " is yours, symmetric, in the cluster's region and enabled"},
		{"key policy", Unknown, "the key's policy must let the role of the setting remediation.role make grants (kms:CreateGrant), and nobody but a few delete the key; that is not read"},
	}, nil
}

func fits(ref inventory.ClusterRef, key KeyState) error {
	parts := strings.SplitN(key.ARN, ":", 6)
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "kms" || !strings.HasPrefix(parts[5], "key/") {
		return fmt.Errorf("key %q: want the ARN of a KMS key, arn:%s:kms:%s:ACCOUNT:key/ID: %w", key.ARN, ref.Partition, ref.Region, fault.ErrInvalid)
	}
	switch {
	case parts[3] != ref.Region:
		return fmt.Errorf("key %q is in region %s and the cluster in %s; EKS takes keys of the cluster's region alone: %w", key.ARN, parts[3], ref.Region, fault.ErrInvalid)
	case key.Spec != "SYMMETRIC_DEFAULT" || key.Usage != "ENCRYPT_DECRYPT":
		return fmt.Errorf("key %q is for %s with %s; EKS takes symmetric keys that encrypt and decrypt: %w", key.ARN, key.Usage, key.Spec, fault.ErrInvalid)
	case key.State != keyEnabled:
		return fmt.Errorf("key %q is %s; it must be enabled: %w", key.ARN, key.State, fault.ErrInvalid)
	case key.Manager != managedByCustomer:
		return fmt.Errorf("key %q is managed by AWS, which lets nobody make grants on it; take a key of yours: %w", key.ARN, fault.ErrInvalid)
	}
	return nil
}
