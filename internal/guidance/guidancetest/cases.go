// Package guidancetest has findings of every kind with the guidance for them, for
// tests that give it to the real tools.
package guidancetest

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait"
)

// Case is a topic of a finding with all options that it can have.
type Case struct {
	Name, Topic string
	Options     []guidance.Option
	// Bare tells that hardly anything is known, Hostile that names are not what AWS
	// and Kubernetes let through.
	Bare, Hostile bool
}

// Evil is a name that every language must quote.
const Evil = "a'b\"c $(touch pwned) `id` ${x} %{y} \\ é世🙂 ; rm -rf . #"

// Cases gives the cases: a usual cluster, one of which little is known, and one with
// hostile names.
func Cases() []Case { return cases() }

var cases = sync.OnceValue(func() []Case {
	var list []Case
	for _, topic := range topics() {
		for _, kind := range []string{"usual", "bare", "hostile"} {
			c := Case{Name: topic, Topic: topic, Bare: kind == "bare", Hostile: kind == "hostile"}
			if kind != "usual" {
				c.Name += "-" + kind
			}
			f := finding(topic, kind)
			var err error
			if c.Options, err = guidance.Write(f, topic); err != nil {
				panic(fmt.Sprintf("%s: %v", c.Name, err))
			}
			list = append(list, c)
		}
	}
	return list
})

// topics are the IDs of all topics.
func topics() []string {
	list := []string{exposure.DeleteTopic}
	for _, t := range trait.All() {
		list = append(list, t.ID)
	}
	return list
}

// finding has one trait, with evidence for each of its options.
func finding(topic, kind string) *exposure.Finding {
	f := &exposure.Finding{ID: strings.Repeat("a", 64), Topics: []exposure.TopicState{{ID: topic}}}
	ref := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "checkout"}
	name := func(usual string) string { return usual }
	if kind == "hostile" {
		name = func(string) string { return Evil }
		ref.Name = Evil
	}
	f.Cluster = exposure.Cluster{Ref: ref}
	if kind != "bare" {
		f.Cluster = cluster(ref, name)
	}
	for _, t := range trait.All() {
		if t.ID != topic {
			continue
		}
		if topic == "unencrypted-kubernetes-secrets" && kind != "bare" {
			f.Cluster.Version = "1.26"
		}
		state := exposure.TraitState{ID: t.ID, Standing: exposure.Contributing}
		for _, o := range t.Options {
			f.Topics[0].Options = append(f.Topics[0].Options, exposure.OptionState{ID: o.ID, Title: o.Title})
			if kind != "bare" {
				for _, v := range o.When {
					state.Evidence = append(state.Evidence, evidence(ref, t.Type, v, name))
				}
			}
		}
		f.Traits = append(f.Traits, state)
	}
	return f
}

func cluster(ref inventory.ClusterRef, name func(string) string) exposure.Cluster {
	return exposure.Cluster{
		Ref: ref, Status: "ACTIVE", Version: "1.31", SupportType: "EXTENDED", DeletionProtection: true,
		Endpoint: &inventory.Endpoint{Public: true, PublicCIDRs: []string{"0.0.0.0/0"}},
		Network: inventory.Network{
			VPC: "vpc-0123456789abcdef0", Subnets: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
			SecurityGroups: []string{"sg-0123456789abcdef0"}, ClusterSecurityGroup: "sg-0123456789abcdef1", IPFamily: "ipv4",
		},
		RoleARN: "arn:aws:iam::111122223333:role/checkout-cluster",
		Calendar: []inventory.VersionSupport{
			{Version: "1.31", Status: "EXTENDED_SUPPORT"},
			{Version: "1.32", Status: "EXTENDED_SUPPORT"},
			{Version: "1.33", Status: "EXTENDED_SUPPORT"},
			{Version: "1.34", Status: "STANDARD_SUPPORT"},
			{Version: "1.36", Status: "STANDARD_SUPPORT", Released: time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)},
		},
		NodeGroups: []inventory.NodeGroup{{
			Name: name("workers"), Version: "1.30", Desired: 3, RoleARN: "arn:aws:iam::111122223333:role/checkout-nodes",
			Subnets: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"},
		}, {
			Name: name("old"), Version: "1.30", AMIType: "AL2_x86_64", InstanceTypes: []string{"m5.large", "m5a.large"}, CapacityType: "ON_DEMAND", Desired: 2,
			RoleARN: "arn:aws:iam::111122223333:role/checkout-nodes", Subnets: []string{"subnet-0123456789abcdef0"}, Tags: given(name),
			Settings: &inventory.NodeGroupSettings{
				Min: 1, Max: 6, DiskSize: 100, Labels: given(name), MaxUnavailable: 2, UpdateStrategy: "MINIMAL", NodeRepair: true, NotKept: []string{"remoteAccess"},
				Taints: []inventory.Taint{{Key: name("dedicated"), Value: name("shop"), Effect: "NO_SCHEDULE"}, {Key: name("spot"), Effect: "PREFER_NO_SCHEDULE"}},
			},
		}, {
			Name: name("templated"), Version: "1.30", AMIType: "AL2_ARM_64", InstanceTypes: []string{"m7g.large"}, CapacityType: "SPOT", Desired: 0,
			RoleARN: "arn:aws:iam::111122223333:role/checkout-nodes", Subnets: []string{"subnet-0123456789abcdef1"}, LaunchTemplate: "lt-0123456789abcdef0",
			Settings: &inventory.NodeGroupSettings{Max: 4, MaxUnavailablePercentage: 25, LaunchTemplateVersion: "7"},
		}, {
			Name: name("eksctl"), Version: "1.30", AMIType: "AL2_x86_64", InstanceTypes: []string{"m5.large"}, CapacityType: "ON_DEMAND", Desired: 1,
			RoleARN: "arn:aws:iam::111122223333:role/checkout-nodes", Subnets: []string{"subnet-0123456789abcdef1"}, LaunchTemplate: "lt-0123456789abcdef1",
			Tags: map[string]string{"alpha.eksctl.io/nodegroup-name": "eksctl", "aws:cloudformation:stack-name": "eksctl-checkout-nodegroup", "cost": "4711", "seed": "{{resolve:ssm:seed}}"},
			Settings: &inventory.NodeGroupSettings{
				Min: 1, Max: 1, Labels: map[string]string{"alpha.eksctl.io/cluster-name": "checkout", "role": "worker"}, MaxUnavailable: 1, LaunchTemplateVersion: "1",
			},
		}},
		FargateProfiles: []string{name("batch")},
		Addons:          []inventory.Addon{{Name: "vpc-cni", Version: "v1.19.0-eksbuild.1"}, {Name: "coredns", Version: "v1.11.4-eksbuild.2"}},
	}
}

// given are labels, or tags.
func given(name func(string) string) map[string]string {
	return map[string]string{"example.com/part-of": "shop", name("team"): name("checkout")}
}

func evidence(ref inventory.ClusterRef, of exposure.Type, variant string, name func(string) string) exposure.Evidence {
	e := exposure.Evidence{Standing: exposure.Contributing, Variant: variant, Resource: ref.Resource()}
	im := &exposure.ImageEvidence{
		Digest: "sha256:" + strings.Repeat("1", 64), Repository: name("111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/web"), Vulnerabilities: 3, Fixable: 2,
	}
	switch variant {
	case exposure.VariantUnsupported, exposure.VariantExtendedSupport:
		e.Facts = []exposure.Fact{{Name: "upgrade path", Value: "1.31 → 1.32 → 1.33 → 1.34"}}
	case exposure.VariantNodesUnsupported, exposure.VariantNodesExtended, exposure.VariantNodesBehind:
		e.Facts = []exposure.Fact{{Name: "node names", Value: "ip-10-0-1-7.eu-central-1.compute.internal"}}
	case exposure.VariantKeyUnusable:
		e.Resource = inventory.ResourceRef{Type: inventory.TypeKey, UID: "arn:aws:kms:eu-central-1:111122223333:key/12345678-1234-1234-1234-123456789012"}
		e.Facts = []exposure.Fact{{Name: "key state", Value: "PendingDeletion"}}
	case "load-balancer", "node-port", "external-ip":
		e.Resource = ref.KubernetesResource(name("shop"), "Service", name("web"))
	case "ingress":
		e.Resource = ref.KubernetesResource(name("shop"), "Ingress", name("web"))
	case "gateway":
		e.Resource = ref.KubernetesResource(name("shop"), "Gateway", name("web"))
	default:
		if of == exposure.Vulnerability {
			e.Image = im
			e.Resource = inventory.ResourceRef{Type: inventory.TypeImage, UID: im.Repository + "@" + im.Digest}
			for _, kind := range []string{"Deployment", "CronJob", "Job"} {
				w := inventory.WorkloadRef{Namespace: name("shop"), Kind: kind, Name: name("web")}
				e.Workloads = append(e.Workloads, w)
				im.Containers = append(im.Containers, exposure.ContainerRef{WorkloadRef: w, Container: name("web")})
			}
			if strings.Contains(variant, "add-on") {
				im.Addon = "vpc-cni"
			}
		}
	}
	return e
}

// choices are what a person could put in the place of each placeholder.
func choices() map[string]string {
	return map[string]string{
		"ADDON": "vpc-cni", "ADDON_VERSION": "v1.20.0-eksbuild.1", "ALLOWED_CIDR": "203.0.113.0/24", "CLIENT_CIDR": "198.51.100.0/24", "CONTAINER": "web",
		"EGRESS_CIDR": "192.0.2.7/32", "FORMER_CIDR": "0.0.0.0/0", "KMS_KEY_ARN": "arn:aws:kms:eu-central-1:111122223333:key/12345678-1234-1234-1234-123456789012",
		"NEW_CLUSTER_NAME": "checkout-2", "NEW_DIGEST": strings.Repeat("2", 64), "NODE_GROUP": "workers", "NEXT_VERSION": "1.32", "PREFIX_LIST_ID": "pl-0123456789abcdef0",
		"ROLE_ARN": "arn:aws:iam::111122223333:role/checkout-cluster", "SUBNET_ID": "subnet-0123456789abcdef0", "NAMESPACE": "shop", "OBJECT": "web",
		"WORKLOAD": "web", "IMAGE_REPOSITORY": "registry.example/shop/web", "STACK_NAME": "checkout",
	}
}

var placeholder = regexp.MustCompile(`<([A-Z][A-Z_]+)>`)

// Chosen puts a choice in the place of each placeholder of a code.
func Chosen(code string) string {
	return placeholder.ReplaceAllStringFunc(code, func(p string) string {
		choice, ok := choices()[p[1:len(p)-1]]
		if !ok {
			panic("no choice for " + p)
		}
		return choice
	})
}

// Code is a step's code of one form, with choices made.
type Code struct {
	Name, Language, Text string
	Hostile              bool
}

// Codes gives all code of a form.
func Codes(form guidance.Form) []Code {
	var list []Code
	for _, c := range Cases() {
		for _, o := range c.Options {
			for _, g := range o.Forms {
				for i, s := range g.Steps {
					if g.Form == form && s.Code != "" {
						list = append(list, Code{fmt.Sprintf("%s-%s-%d", c.Name, o.ID, i+1), s.Language, Chosen(s.Code), c.Hostile})
					}
				}
			}
		}
	}
	return list
}
