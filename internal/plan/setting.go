package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

// Setting is what a target has, or shall have: the member of the action's kind.
type Setting struct {
	Endpoint   *Endpoint   `json:"endpoint,omitempty"`
	Encryption *Encryption `json:"encryption,omitempty"`
	Addon      *Addon      `json:"add_on,omitempty"`
	// Key is a KMS key that a plan makes.
	Key *NewKey `json:"key,omitempty"`
	// SecretMark is the value of the annotation SecretMark on all secrets.
	SecretMark string `json:"secret_mark,omitempty"`
	// Images are what a workload's containers run.
	Images *WorkloadImages `json:"images,omitempty"`
	// Sources are who may connect to a load balancer.
	Sources *Sources `json:"sources,omitempty"`
	// Version is the Kubernetes version of a control plane or a node group.
	Version string `json:"version,omitempty"`
	// SupportType is the upgrade policy: STANDARD or EXTENDED.
	SupportType string `json:"support_type,omitempty"`
	// Exists says which thing of its name is there; empty for none, or when the kind is
	// not Deletion.
	Exists string `json:"exists,omitempty"`
	// Holds are the ARNs of what goes with a cluster that is deleted.
	Holds []string `json:"holds,omitempty"`
}

// Endpoint is who reaches the Kubernetes API.
type Endpoint struct {
	Public  bool `json:"public"`
	Private bool `json:"private"`
	// CIDRs are the ranges that the public endpoint lets in, in order. EKS keeps
	// them while it is off, when they count for nothing.
	CIDRs []string `json:"public_cidrs,omitempty"`
}

// Encryption is the key that secrets are encrypted with; an empty one is none.
type Encryption struct {
	KeyARN string `json:"key_arn,omitempty"`
}

// Addon is the version of an add-on, with the role that it keeps: an update that does
// not name the role takes it away (EKS API Reference, UpdateAddon).
type Addon struct {
	Version string `json:"version"`
	RoleARN string `json:"role_arn,omitempty"`
	// Images are those that the version ships, of a plan about images, as far as they were
	// read: those of what is there and of what shall be are one for one. EKS does not tell
	// them, so that they do not count when two are compared.
	Images []ShippedImage `json:"images,omitempty"`
}

func (a Addon) equal(o Addon) bool { return a.Version == o.Version && a.RoleARN == o.RoleARN }

// Equal compares what counts.
func (s Setting) Equal(o Setting) bool {
	if (s.Endpoint == nil) != (o.Endpoint == nil) || (s.Images == nil) != (o.Images == nil) || (s.Addon == nil) != (o.Addon == nil) || s.Version != o.Version || s.SupportType != o.SupportType || s.Exists != o.Exists || s.SecretMark != o.SecretMark {
		return false
	}
	if s.Images != nil && !s.Images.equal(*o.Images) {
		return false
	}
	if s.Addon != nil && !s.Addon.equal(*o.Addon) {
		return false
	}
	if (s.Sources == nil) != (o.Sources == nil) || s.Sources != nil && !s.Sources.equal(*o.Sources) {
		return false
	}
	return same(s.Encryption, o.Encryption) && same(s.Key, o.Key) && (s.Endpoint == nil || s.Endpoint.equal(*o.Endpoint))
}

// same compares two values that may be missing.
func same[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

func (e Endpoint) equal(o Endpoint) bool {
	if e.Public != o.Public || e.Private != o.Private {
		return false
	}
	return !e.Public || slices.Equal(effective(e.CIDRs), effective(o.CIDRs))
}

// String writes the setting for a person.
func (s Setting) String() string {
	switch {
	case s.Endpoint != nil:
		return s.Endpoint.String()
	case s.Images != nil:
		return s.Images.String()
	case s.Sources != nil:
		return s.Sources.String()
	case s.Encryption != nil && s.Encryption.KeyARN != "":
		return "key " + s.Encryption.KeyARN
	case s.Addon != nil:
		return s.Addon.String()
	case s.Key != nil:
		return s.Key.String()
	case s.SecretMark != "":
		return "annotation " + SecretMark + "=" + s.SecretMark + " on every secret"
	case s.Version != "":
		return "Kubernetes " + s.Version
	case s.Exists != "":
		return s.Exists
	case s.SupportType != "":
		return "upgrade policy " + s.SupportType
	case s.Encryption == nil:
		return "nothing"
	}
	return "no key of yours"
}

// String writes the access for a person: "private on, public off".
func (e Endpoint) String() string {
	text := "private " + onOff(e.Private) + ", public " + onOff(e.Public)
	if !e.Public {
		return text
	}
	return fmt.Sprintf("%s for %s", text, list(effective(e.CIDRs)))
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// String writes the add-on for a person.
func (a Addon) String() string {
	text := a.Version
	if a.RoleARN != "" {
		text += " with the role " + a.RoleARN
	}
	var images []string
	for _, i := range a.Images {
		images = append(images, i.Reference)
	}
	switch len(images) {
	case 0:
		return text
	case 1:
		return text + " with the image " + images[0]
	}
	return text + " with the images " + list(images)
}

// Of reads a setting of the cluster itself from a snapshot. Ranges that EKS leaves out are
// told as what they stand for, so that they can be restored.
func Of(k Kind, s *inventory.Snapshot) Setting {
	switch k { //nolint:exhaustive // the rest are settings of parts, see Action.Now
	case ControlPlaneVersion:
		return Setting{Version: s.Cluster.Version}
	case UpgradePolicy:
		return Setting{SupportType: cmp.Or(s.Cluster.SupportType, supportExtended)}
	case SecretsEncryption:
		for _, e := range s.Cluster.Encryption {
			if slices.Contains(e.Resources, "secrets") && e.KeyARN != "" {
				return Setting{Encryption: &Encryption{KeyARN: e.KeyARN}}
			}
		}
		return Setting{Encryption: &Encryption{}}
	}
	e := Endpoint{}
	if now := s.Cluster.Endpoint; now != nil {
		e = Endpoint{Public: now.Public, Private: now.Private, CIDRs: slices.Clone(now.PublicCIDRs)}
	}
	if e.Public && len(e.CIDRs) == 0 {
		e.CIDRs = endpoint.DefaultCIDRs(&s.Cluster)
	}
	return Setting{Endpoint: &e}
}

// Put gives the snapshot as it would be with the setting. A key that a plan names
// was looked at, and is enabled.
func (s Setting) Put(now *inventory.Snapshot) *inventory.Snapshot {
	if s.Images != nil {
		return s.Images.put(now)
	}
	then := *now
	if s.Endpoint != nil {
		e := inventory.Endpoint{}
		if now.Cluster.Endpoint != nil {
			e = *now.Cluster.Endpoint
		}
		e.Public, e.Private, e.PublicCIDRs = s.Endpoint.Public, s.Endpoint.Private, slices.Clone(s.Endpoint.CIDRs)
		then.Cluster.Endpoint = &e
		return &then
	}
	key := s.Encryption.KeyARN
	then.Cluster.Encryption = []inventory.Encryption{{Resources: []string{"secrets"}, KeyARN: key}}
	then.Keys = slices.DeleteFunc(slices.Clone(now.Keys), func(k inventory.Key) bool { return k.ARN == key })
	then.Keys = append(then.Keys, inventory.Key{ARN: key, State: keyEnabled, Manager: managedByCustomer})
	return &then
}
