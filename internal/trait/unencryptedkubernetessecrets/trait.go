// Package unencryptedkubernetessecrets is the trait of a cluster whose Kubernetes
// secrets are not envelope-encrypted, or are so under a key that cannot be used.
//
// From Kubernetes 1.28 on EKS envelope-encrypts all API data under a key that AWS
// owns, so a missing encryption configuration is then only context, unless the
// policy asks for a customer managed key.
package unencryptedkubernetessecrets

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

//go:embed trait.md
var text string

const (
	id = "unencrypted-kubernetes-secrets"
	// variantNotKnown marks what could not be decided.
	variantNotKnown = "encryption-not-known"
	// variantManagedByAWS marks a key of AWS's where the policy requires one of the
	// customer's: a cluster that has a key cannot be given another.
	variantManagedByAWS = "key-managed-by-aws"
	// associate is the type of the update that turns encryption on.
	associate = "AssociateEncryptionConfig"
)

// Trait gives the trait.
func Trait() exposure.Trait {
	return exposure.Trait{
		ID:     id,
		Type:   exposure.Misconfiguration,
		Title:  "The Amazon EKS cluster uses unencrypted Kubernetes secrets",
		Short:  "Unencrypted Kubernetes secrets",
		Phrase: "uses unencrypted Kubernetes secrets",
		Needs:  []inventory.Section{inventory.SectionCluster},
		Detect: detect,
		Effort: exposure.EffortHours,
		Options: []exposure.Option{
			{ID: "associate", Title: "Encrypt secrets under a KMS key of yours", Remedy: exposure.Remedy{Reversibility: exposure.Irreversible, Immediate: true, Risk: exposure.RiskHigh, Source: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html"}, When: []string{exposure.VariantNotEncrypted, exposure.VariantKeyRequired}},
			{ID: "key", Title: "Make the customer key usable again", Remedy: exposure.Remedy{Reversibility: exposure.Reversible, Immediate: true, Risk: exposure.RiskLow, Source: "https://docs.aws.amazon.com/kms/latest/developerguide/enabling-keys.html"}, When: []string{exposure.VariantKeyUnusable}},
			{ID: "upgrade", Title: "Upgrade to Kubernetes 1.28 or newer", Remedy: exposure.UpgradeRemedy(), When: []string{exposure.VariantNotEncrypted}},
			{ID: "new-cluster", Title: "Move to a new cluster with a key of yours", Remedy: exposure.Remedy{Reversibility: exposure.Reversible, Risk: exposure.RiskHigh, Source: "https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html"}, When: []string{variantManagedByAWS}},
		},
		Text: text,
	}
}

// firstEnveloped is the first version whose API data EKS always envelope-encrypts
// (EKS User Guide, "Default envelope encryption for all Kubernetes API data").
func firstEnveloped() inventory.KubernetesVersion {
	return inventory.KubernetesVersion{Major: 1, Minor: 28}
}

func detect(s *inventory.Snapshot, p exposure.Policy) []exposure.Evidence {
	c := &s.Cluster
	if c.Connector != "" {
		return one(c, exposure.Unknown, variantNotKnown, fmt.Sprintf("The cluster is connected to EKS by EKS Connector (provider %s), which tells nothing about its secrets.", c.Connector))
	}
	v, err := inventory.ParseKubernetesVersion(c.Version)
	if err != nil {
		return one(c, exposure.Unknown, variantNotKnown, fmt.Sprintf("Whether secrets are encrypted depends on the Kubernetes version, and EKS gave %q (status %s).", c.Version, c.Status))
	}
	j := judgement{s: s, p: p, enveloped: v.Compare(firstEnveloped()) >= 0, update: latest(c.Updates)}
	keys := customerKeys(c.Encryption)
	if j.update != nil && j.update.Status == "InProgress" {
		return append(j.underway(), j.keys(keys)...)
	}
	if len(keys) == 0 {
		return j.noKey()
	}
	return append(j.unfinished(), j.keys(keys)...)
}

// customerKeys lists the keys of the entries that encrypt secrets. An entry that
// names no key, or other resources, encrypts no secret.
func customerKeys(entries []inventory.Encryption) []string {
	var keys []string
	for _, e := range entries {
		if e.KeyARN != "" && slices.Contains(e.Resources, "secrets") && !slices.Contains(keys, e.KeyARN) {
			keys = append(keys, e.KeyARN)
		}
	}
	return keys
}

// latest gives the newest association of an encryption configuration, or nil.
func latest(updates []inventory.Update) *inventory.Update {
	var found *inventory.Update
	for i := range updates {
		u := &updates[i]
		if u.Type == associate && (found == nil || u.CreatedAt.After(found.CreatedAt)) {
			found = u
		}
	}
	return found
}

// judgement is one snapshot's question.
type judgement struct {
	s *inventory.Snapshot
	p exposure.Policy
	// enveloped tells that EKS encrypts all API data anyway.
	enveloped bool
	update    *inventory.Update
}

func (j *judgement) underway() []exposure.Evidence {
	since := j.update.CreatedAt.UTC().Format(time.RFC3339)
	switch {
	case !j.enveloped:
		return one(&j.s.Cluster, exposure.Unknown, exposure.VariantEncryptionUnderway,
			fmt.Sprintf("Encryption is being associated (update %s, InProgress since %s) and not in force before it is Successful; Kubernetes %s has no other.", j.update.ID, since, j.s.Cluster.Version))
	case j.p.RequireCustomerManagedKey:
		return one(&j.s.Cluster, exposure.Unknown, exposure.VariantEncryptionUnderway,
			fmt.Sprintf("The customer key that the policy requires is being associated (update %s, InProgress since %s).", j.update.ID, since))
	}
	return one(&j.s.Cluster, exposure.Contextual, exposure.VariantEncryptionUnderway,
		fmt.Sprintf("A customer key is being associated (update %s, InProgress since %s); until then the AWS-owned key encrypts.", j.update.ID, since))
}

func (j *judgement) noKey() []exposure.Evidence {
	c := &j.s.Cluster
	entries := len(c.Encryption)
	configured := "no encryption configuration"
	if entries > 0 {
		configured = fmt.Sprintf("%d encryption configuration entries, none with both the resource \"secrets\" and a key", entries)
	}
	failed := ""
	if j.update != nil && j.update.Status != "Successful" {
		failed = fmt.Sprintf("; the latest association (update %s) ended as %s%s", j.update.ID, j.update.Status, reasons(j.update.Errors))
	}
	switch {
	case !j.enveloped:
		return one(c, exposure.Contributing, exposure.VariantNotEncrypted,
			fmt.Sprintf("Kubernetes %s is older than %s and the cluster has %s: secrets are not envelope-encrypted%s", c.Version, firstEnveloped(), configured, failed))
	case j.p.RequireCustomerManagedKey:
		return one(c, exposure.Contributing, exposure.VariantKeyRequired,
			fmt.Sprintf("The policy requires a customer managed key and the cluster has %s: Kubernetes %s encrypts under the AWS-owned key%s", configured, c.Version, failed))
	}
	return one(c, exposure.Contextual, exposure.VariantAWSOwnedKey,
		fmt.Sprintf("Kubernetes %s (%s or newer) is envelope-encrypted under the AWS-owned key; the cluster has %s%s", c.Version, firstEnveloped(), configured, failed))
}

// unfinished doubts a configuration whose association is not known to have ended
// well; that matters only where nothing else encrypts.
func (j *judgement) unfinished() []exposure.Evidence {
	if j.enveloped {
		return nil
	}
	if g := j.s.Gap(inventory.SectionUpdates); g != nil {
		return one(&j.s.Cluster, exposure.Unknown, variantNotKnown, "A key is configured, and whether its association has ended is not known: updates not read: "+g.Detail)
	}
	if j.update == nil || j.update.Status == "Successful" {
		return nil // a cluster created with encryption has no such update
	}
	return one(&j.s.Cluster, exposure.Unknown, variantNotKnown,
		fmt.Sprintf("A key is configured, and its latest association (update %s) ended as %s%s.", j.update.ID, j.update.Status, reasons(j.update.Errors)))
}

func (j *judgement) keys(named []string) []exposure.Evidence {
	var found []exposure.Evidence
	for _, arn := range named {
		if e := j.key(arn); e.Standing != "" {
			found = append(found, e)
		}
	}
	return found
}

// key judges one key; no standing when it is fine.
func (j *judgement) key(arn string) exposure.Evidence {
	e := exposure.Evidence{Standing: exposure.Unknown, Variant: variantNotKnown, Resource: resource(arn)}
	i := slices.IndexFunc(j.s.Keys, func(k inventory.Key) bool { return k.ARN == arn })
	if i < 0 {
		e.Summary = fmt.Sprintf("The state of the key %s is not known: %s", arn, j.gap(arn))
		return e
	}
	k := j.s.Keys[i]
	e.Facts = []exposure.Fact{{Name: "key", Value: arn}, {Name: "key state", Value: k.State, Limit: "fires unless Enabled or Updating"}, {Name: "key manager", Value: k.Manager}}
	whose := ""
	if account := accountOf(arn); account != j.s.Cluster.Ref.Account {
		whose = " of account " + account
	}
	switch k.State {
	case "Enabled", "Updating":
		if !j.p.RequireCustomerManagedKey || k.Manager != "AWS" {
			return exposure.Evidence{}
		}
		e.Standing, e.Variant = exposure.Contributing, variantManagedByAWS
		e.Summary = fmt.Sprintf("The policy requires a customer managed key, and %s%s is managed by AWS", arn, whose)
	case "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Unavailable", "NotFound":
		e.Standing, e.Variant = exposure.Contributing, exposure.VariantKeyUnusable
		e.Summary = fmt.Sprintf("The key %s%s that encrypts secrets cannot be used: its state is %s, not Enabled", arn, whose, k.State)
		if !k.DeletionDate.IsZero() {
			days := int(k.DeletionDate.Sub(j.s.CollectedAt).Hours() / 24)
			e.Facts = append(e.Facts, exposure.Fact{Name: "key deletion date", Value: k.DeletionDate.UTC().Format(time.RFC3339)}, exposure.Fact{Name: "days until deletion", Value: strconv.Itoa(days)})
			e.Summary += fmt.Sprintf("; it is deleted on %s, in %d days, and the cluster cannot be recovered after that", k.DeletionDate.UTC().Format(time.DateOnly), days)
		}
	default:
		e.Summary = fmt.Sprintf("The key %s%s is in the state %q, of which it is not known whether it can be used", arn, whose, k.State)
	}
	return e
}

func (j *judgement) gap(arn string) string {
	for _, subject := range []string{arn, ""} {
		if g := j.s.SubjectGap(inventory.SectionKeys, subject); g != nil {
			return g.Detail
		}
	}
	return "it was not collected"
}

func one(c *inventory.Cluster, standing exposure.Standing, variant, summary string) []exposure.Evidence {
	before := "fires before " + firstEnveloped().String()
	if variant == exposure.VariantKeyRequired {
		before = "" // the policy asks for a key whatever the version
	}
	return []exposure.Evidence{{
		Standing: standing, Variant: variant, Resource: c.Ref.Resource(), Summary: summary,
		Facts: []exposure.Fact{
			{Name: "version", Value: c.Version, Limit: before},
			{Name: "keys for secrets", Value: strconv.Itoa(len(customerKeys(c.Encryption))), Limit: "fires at 0"},
		},
	}}
}

func resource(arn string) inventory.ResourceRef {
	return inventory.ResourceRef{Type: inventory.TypeKey, UID: arn, Name: arn[strings.LastIndexByte(arn, '/')+1:]}
}

// accountOf reads the account from arn:PARTITION:kms:REGION:ACCOUNT:key/ID.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	return parts[4]
}

func reasons(errors []string) string {
	if len(errors) == 0 {
		return ""
	}
	return ": " + strings.Join(errors, "; ")
}
