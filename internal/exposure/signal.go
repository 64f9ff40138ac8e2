package exposure

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// signals groups evidence by what it is about: one signal for the cluster's
// configuration and one for each other resource. Known evidence only.
func signals(ref inventory.ClusterRef, states []TraitState) []Signal {
	var list []Signal
	for _, t := range states {
		for _, e := range t.Evidence {
			if e.Standing == Unknown {
				continue
			}
			i := slices.IndexFunc(list, func(s Signal) bool { return s.Resource.UID == e.Resource.UID })
			if i < 0 {
				i = len(list)
				list = append(list, newSignal(ref, e))
			}
			carried := SignalTrait{ID: t.ID, Type: t.Type, Title: t.Title, Standing: e.Standing}
			if !slices.Contains(list[i].Traits, carried) {
				list[i].Traits = append(list[i].Traits, carried)
			}
		}
	}
	return list
}

func newSignal(ref inventory.ClusterRef, e Evidence) Signal {
	s := Signal{UID: e.Resource.UID, Kind: SignalConfiguration, Resource: e.Resource, Title: e.Resource.Type + " " + e.Resource.Name}
	if e.Image == nil {
		return s
	}
	s.Kind = SignalFinding
	s.UID = ref.String() + "/image/" + e.Image.Digest
	s.Title = fmt.Sprintf("%s in %s", count(e.Image.Vulnerabilities, "vulnerability", "vulnerabilities"), e.Resource.Name)
	if e.Image.Vulnerabilities == 0 {
		s.Title = fmt.Sprintf("%s in %s", e.Image.OS, e.Resource.Name)
	}
	return s
}

// resources lists the cluster, its network and role, and every resource that
// evidence names, the cluster first and the others in a stable order.
func resources(s *inventory.Snapshot, states []TraitState) []Resource {
	ref := s.Cluster.Ref
	primary := Resource{
		ResourceRef: ref.Resource(), Primary: true, Account: ref.Account, Region: ref.Region,
		Facts: clusterFacts(s), Tags: s.Cluster.Tags,
	}
	involved := map[string]*Resource{}
	add := func(r inventory.ResourceRef, facts ...Fact) *Resource {
		if r.UID == ref.String() {
			return &primary
		}
		at, ok := involved[r.UID]
		if !ok {
			at = &Resource{ResourceRef: r, Account: ref.Account, Region: ref.Region, Facts: facts}
			involved[r.UID] = at
		}
		return at
	}
	for _, r := range networkResources(s) {
		add(r)
	}
	for _, t := range states {
		if t.Standing == Unknown {
			continue
		}
		for _, e := range t.Evidence {
			if e.Standing == Unknown {
				continue
			}
			r := add(e.Resource, imageFacts(e.Image)...)
			if !slices.Contains(r.Traits, t.ID) {
				r.Traits = append(r.Traits, t.ID)
			}
			for _, v := range e.Via {
				add(v)
			}
			for _, w := range e.Workloads {
				add(ref.KubernetesResource(w.Namespace, w.Kind, w.Name))
			}
		}
	}
	list := make([]Resource, 0, len(involved)+1)
	for _, r := range involved {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Resource) int { return strings.Compare(a.Type+"\x00"+a.UID, b.Type+"\x00"+b.UID) })
	return slices.Insert(list, 0, primary)
}

func clusterFacts(s *inventory.Snapshot) []Fact {
	c := s.Cluster
	facts := []Fact{
		{Name: "version", Value: c.Version},
		{Name: "platform version", Value: c.PlatformVersion},
		{Name: "status", Value: c.Status},
		{Name: "VPC", Value: c.Network.VPC},
	}
	for _, part := range []struct {
		name    string
		section inventory.Section
		n       int
	}{{"node groups", inventory.SectionNodeGroups, len(s.NodeGroups)}, {"nodes", inventory.SectionNodes, len(s.Nodes)}} {
		if s.Gap(part.section) == nil {
			facts = append(facts, Fact{Name: part.name, Value: strconv.Itoa(part.n)})
		}
	}
	if !c.CreatedAt.IsZero() {
		facts = append(facts, Fact{Name: "created", Value: c.CreatedAt.UTC().Format(time.RFC3339)})
	}
	if c.Endpoint != nil {
		facts = append(facts,
			Fact{Name: "endpoint", Value: c.Endpoint.URL},
			Fact{Name: "public endpoint", Value: strconv.FormatBool(c.Endpoint.Public)},
			Fact{Name: "private endpoint", Value: strconv.FormatBool(c.Endpoint.Private)},
			Fact{Name: "public CIDRs", Value: strings.Join(c.Endpoint.PublicCIDRs, ", ")})
	}
	return slices.DeleteFunc(facts, func(f Fact) bool { return f.Value == "" })
}

func imageFacts(im *ImageEvidence) []Fact {
	if im == nil {
		return nil
	}
	facts := []Fact{
		{Name: "digest", Value: im.Digest},
		{Name: "repository", Value: im.Repository},
		{Name: "reference", Value: im.Reference},
		{Name: "operating system", Value: im.OS},
		{Name: "EKS add-on", Value: im.Addon},
		{Name: "running pods", Value: strconv.Itoa(im.Running)},
	}
	return slices.DeleteFunc(facts, func(f Fact) bool { return f.Value == "" })
}

// networkResources are the AWS resources that any path to the cluster involves.
func networkResources(s *inventory.Snapshot) []inventory.ResourceRef {
	c := s.Cluster
	var refs []inventory.ResourceRef
	ec2 := func(kind, name, typ string) {
		if name == "" {
			return
		}
		arn := "arn:" + c.Ref.Partition + ":ec2:" + c.Ref.Region + ":" + c.Ref.Account + ":" + kind + "/" + name
		refs = append(refs, inventory.ResourceRef{Type: typ, UID: arn, Name: name})
	}
	ec2("vpc", c.Network.VPC, inventory.TypeVPC)
	ec2("security-group", c.Network.ClusterSecurityGroup, inventory.TypeSecurity)
	if c.RoleARN != "" {
		_, name, _ := strings.Cut(c.RoleARN, ":role/")
		refs = append(refs, inventory.ResourceRef{Type: inventory.TypeRole, UID: c.RoleARN, Name: name})
	}
	return refs
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
