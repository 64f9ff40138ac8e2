package plan_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	workload "github.com/eksposure/eksposure/internal/trait/internetreachableworkload"
)

const office = "203.0.113.0/24"

func TestLimitRanges(t *testing.T) {
	for _, tt := range []struct {
		name    string
		in      []string
		want    []string
		invalid bool
	}{
		{name: "merged and ordered", in: []string{" 203.0.113.128/25", "203.0.113.0/25", "198.51.100.7/32"}, want: []string{"198.51.100.7/32", office}},
		{name: "private ranges are as good as others", in: []string{"10.0.0.0/8", office}, want: []string{"10.0.0.0/8", office}},
		{name: "IPv6", in: []string{"2001:db8::/32"}, want: []string{"2001:db8::/32"}},
		{name: "everybody", in: []string{"0.0.0.0/0"}, invalid: true},
		{name: "everybody by halves", in: []string{"0.0.0.0/1", "128.0.0.0/1"}, invalid: true},
		{name: "everybody by IPv6", in: []string{office, "::/0"}, invalid: true},
		{name: "as good as everybody by the policy", in: []string{"11.0.0.0/8"}, invalid: true},
		{name: "bits beyond the length", in: []string{"203.0.113.7/24"}, invalid: true},
		{name: "no length", in: []string{"203.0.113.7"}, invalid: true},
		{name: "no range", in: []string{"office"}, invalid: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := plan.LimitRanges(tt.in, exposure.DefaultPolicy())
			if diff := cmp.Diff(tt.want, got); diff != "" || errors.Is(err, fault.ErrInvalid) != tt.invalid {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

// web is a Service with an internet-facing Network Load Balancer, storefront an Ingress with an
// Application Load Balancer.
func web(change ...func(*inventory.Service)) inventory.Service {
	s := inventory.Service{
		Namespace: "shop", Name: "web", Type: "LoadBalancer", LoadBalancerClass: "service.k8s.aws/nlb",
		Annotations: map[string]string{"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"},
		Addresses:   []string{"k8s-web-1.elb.eu-central-1.amazonaws.com"}, Ports: []inventory.Port{{Port: 80, Protocol: "TCP"}, {Port: 443, Protocol: "TCP"}},
		Workloads: []inventory.WorkloadRef{{Namespace: "shop", Kind: "Deployment", Name: "web"}},
	}
	for _, f := range change {
		f(&s)
	}
	return s
}

func storefront(change ...func(*inventory.Ingress)) inventory.Ingress {
	in := inventory.Ingress{
		Namespace: "shop", Name: "shop", Class: "alb", Annotations: map[string]string{"alb.ingress.kubernetes.io/scheme": "internet-facing"},
		Addresses: []string{"k8s-shop-1.eu-central-1.elb.amazonaws.com"}, Services: []string{"web"},
	}
	for _, f := range change {
		f(&in)
	}
	return in
}

func annotated(key, value string) func(*inventory.Service) {
	return func(s *inventory.Service) { s.Annotations["service.beta.kubernetes.io/"+key] = value }
}

func marked(key, value string) func(*inventory.Ingress) {
	return func(in *inventory.Ingress) { in.Annotations["alb.ingress.kubernetes.io/"+key] = value }
}

// entered is a snapshot in which the workload web runs.
func entered() *inventory.Snapshot {
	s := &inventory.Snapshot{Workloads: []inventory.Workload{{Namespace: "shop", Kind: "Deployment", Name: "web", Desired: 1, Running: 1}}}
	s.Cluster.Ref = shop
	return s
}

func ways(s *inventory.Snapshot) []exposure.Evidence {
	var list []exposure.Evidence
	for _, e := range workload.Trait().Detect(s, exposure.DefaultPolicy()) {
		if e.Standing == exposure.Contributing {
			list = append(list, e)
		}
	}
	return list
}

func TestDraftLimit(t *testing.T) {
	service, ingress := plan.WayRef{Namespace: "shop", Kind: "Service", Name: "web"}, plan.WayRef{Namespace: "shop", Kind: "Ingress", Name: "shop"}
	for _, tt := range []struct {
		name     string
		services []inventory.Service
		ingress  []inventory.Ingress
		gateways []inventory.Gateway
		nodes    []inventory.Node
		cidrs    []string
		operator string
		live     func(map[plan.WayRef]plan.WayIn)
		titles   []string
		verdicts string // of operator, security group rules, ways in
		says     string
		left     int // evidence that contributes still
	}{
		{
			name: "a Service and an Ingress", services: []inventory.Service{web()}, ingress: []inventory.Ingress{storefront()}, operator: "203.0.113.9",
			titles:   []string{"Let 203.0.113.0/24 connect to shop/Ingress/shop, and nobody else", "Let 203.0.113.0/24 connect to shop/Service/web, and nobody else"},
			verdicts: "operator passed, callers unknown, security group rules passed, controllers unknown",
		},
		{
			name: "the operator would be shut out", services: []inventory.Service{web()}, operator: "198.51.100.9",
			titles:   []string{"Let 203.0.113.0/24 connect to shop/Service/web, and nobody else"},
			verdicts: "operator failed, callers unknown, security group rules passed, controllers unknown",
		},
		{
			name: "more rules than a group has", services: []inventory.Service{web()}, cidrs: spread(31),
			titles:   []string{"Let 31 ranges connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules unknown, controllers unknown",
		},
		{
			name: "more rules than a group can have", services: []inventory.Service{web()}, cidrs: spread(501),
			titles:   []string{"Let 501 ranges connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules failed, controllers unknown",
		},
		{
			name:     "the in-tree controller adds a rule for ICMP",
			services: []inventory.Service{web(func(s *inventory.Service) { s.LoadBalancerClass = "" })}, cidrs: spread(21),
			titles:   []string{"Let 21 ranges connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules unknown, controllers unknown",
		},
		{
			name: "ports of an Ingress", ingress: []inventory.Ingress{storefront(marked("listen-ports", `[{"HTTP":80},{"HTTPS":443}]`))}, services: []inventory.Service{web(func(s *inventory.Service) { s.Type = "ClusterIP" })}, cidrs: spread(31),
			titles:   []string{"Let 31 ranges connect to shop/Ingress/shop, and nobody else"},
			verdicts: "callers unknown, security group rules unknown, controllers unknown",
		},
		{
			name: "security groups of an annotation", services: []inventory.Service{web(annotated("aws-load-balancer-security-groups", "sg-1"))},
			verdicts: "ways in failed", says: "source ranges count for nothing then", left: 1,
		},
		{
			name: "security groups of an Ingress", services: []inventory.Service{web(func(s *inventory.Service) { s.Type = "ClusterIP" })}, ingress: []inventory.Ingress{storefront(marked("security-groups", "sg-1"))},
			verdicts: "ways in failed", says: "inbound-cidrs counts for nothing then", left: 1,
		},
		{
			name: "prefix lists", services: []inventory.Service{web(annotated("aws-load-balancer-security-group-prefix-lists", "pl-1"))},
			verdicts: "ways in failed", says: "would be let in beside them", left: 1,
		},
		{
			name: "without a security group", services: []inventory.Service{web(annotated("aws-load-balancer-disable-nlb-sg", "true"))},
			verdicts: "ways in failed", says: "AWS adds none later", left: 1,
		},
		{
			name: "a controller of others", services: []inventory.Service{web(func(s *inventory.Service) { s.LoadBalancerClass, s.Addresses = "example.com/lb", []string{"8.8.8.8"} })},
			verdicts: "ways in failed", says: "whether the controller of the load balancer class example.com/lb heeds", left: 1,
		},
		{
			name: "IPv6 where there is none", services: []inventory.Service{web()}, cidrs: []string{office, "2001:db8::/32"},
			titles:   []string{"Let 203.0.113.0/24 connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules passed, controllers unknown", says: "shop/Service/web gets no IPv6 ranges",
		},
		{
			name: "IPv6 alone where there is none", services: []inventory.Service{web()}, cidrs: []string{"2001:db8::/32"},
			verdicts: "ways in failed", says: "all ranges are of IPv6", left: 1,
		},
		{
			name: "dual-stack", services: []inventory.Service{web(annotated("aws-load-balancer-ip-address-type", "dualstack"))}, cidrs: []string{office, "2001:db8::/32"},
			titles:   []string{"Let 203.0.113.0/24 and 2001:db8::/32 connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules passed, controllers unknown",
		},
		{
			name: "an annotation that counted", services: []inventory.Service{web(annotated("load-balancer-source-ranges", "0.0.0.0/0"))},
			titles:   []string{"Let 203.0.113.0/24 connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules passed, controllers unknown", says: "counts for nothing once spec.loadBalancerSourceRanges has ranges",
		},
		{
			name: "an Ingress of a controller behind a Service", services: []inventory.Service{web()},
			ingress:  []inventory.Ingress{storefront(func(in *inventory.Ingress) { in.Class, in.Annotations, in.Addresses = "nginx", nil, web().Addresses })},
			titles:   []string{"Let 203.0.113.0/24 connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules passed, controllers unknown",
		},
		{
			name: "a gateway with a load balancer of its own", services: []inventory.Service{web(func(s *inventory.Service) { s.Type = "ClusterIP" })},
			gateways: []inventory.Gateway{{Namespace: "shop", Name: "edge", Class: "other", Addresses: []string{"8.8.8.8"}, Services: []string{"shop/web"}}},
			verdicts: "ways in failed", says: "shop/Gateway/edge is limited where its controller is set up", left: 1,
		},
		{
			name: "a node port", services: []inventory.Service{web(func(s *inventory.Service) {
				s.Type, s.Ports = "NodePort", []inventory.Port{{Port: 80, NodePort: 30080, Protocol: "TCP"}}
			})},
			nodes:    []inventory.Node{{Name: "n", ExternalIPs: []string{"203.0.113.50"}}},
			verdicts: "ways in failed", says: "close it (option close)", left: 1,
		},
		{
			name: "another Ingress of the group has other ranges", services: []inventory.Service{web(func(s *inventory.Service) { s.Type = "ClusterIP" })},
			ingress:  []inventory.Ingress{storefront(marked("group.name", "edge")), storefront(marked("group.name", "edge"), marked("inbound-cidrs", "198.51.100.0/24"), func(in *inventory.Ingress) { in.Name = "admin" })},
			verdicts: "ways in failed", says: "shop/Ingress/admin shares its load balancer", left: 1,
		},
		{
			name: "made by something", services: []inventory.Service{web()}, live: func(m map[plan.WayRef]plan.WayIn) {
				w := m[service]
				w.Owner = "Shop/main"
				m[service] = w
			},
			verdicts: "ways in failed", says: "is made by Shop/main", left: 1,
		},
		{
			name: "applied by a tool", services: []inventory.Service{web()}, live: func(m map[plan.WayRef]plan.WayIn) {
				w := m[service]
				w.Manager = "Argo CD (shop)"
				m[service] = w
			},
			titles:   []string{"Let 203.0.113.0/24 connect to shop/Service/web, and nobody else"},
			verdicts: "callers unknown, security group rules passed, controllers unknown", says: "is applied by Argo CD (shop)",
		},
		{
			name: "gone meanwhile", services: []inventory.Service{web()}, live: func(m map[plan.WayRef]plan.WayIn) { delete(m, service) },
			verdicts: "ways in failed", says: "is not there any more", left: 1,
		},
		{
			name: "limited meanwhile", services: []inventory.Service{web(func(s *inventory.Service) { s.Type = "ClusterIP" })}, ingress: []inventory.Ingress{storefront()},
			live: func(m map[plan.WayRef]plan.WayIn) {
				m[ingress] = plan.WayIn{Ingress: new(storefront(marked("inbound-cidrs", " "+office)))}
			},
			verdicts: "ways in failed", says: "lets in exactly these ranges already", left: 1,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := entered()
			s.Services, s.Ingresses, s.Gateways, s.Nodes = tt.services, tt.ingress, tt.gateways, tt.nodes
			w := plan.LimitWork{Snapshot: s, Evidence: ways(s), CIDRs: tt.cidrs, Ways: map[plan.WayRef]plan.WayIn{}}
			if w.CIDRs == nil {
				w.CIDRs = []string{office}
			}
			if tt.operator != "" {
				w.Operator = netip.MustParseAddr(tt.operator)
			}
			for i := range s.Services {
				w.Ways[plan.WayRef{Namespace: "shop", Kind: "Service", Name: s.Services[i].Name}] = plan.WayIn{Service: &s.Services[i]}
			}
			for i := range s.Ingresses {
				w.Ways[plan.WayRef{Namespace: "shop", Kind: "Ingress", Name: s.Ingresses[i].Name}] = plan.WayIn{Ingress: &s.Ingresses[i]}
			}
			for at := range w.Ways { // those that do not contribute are not looked at
				if !slices.Contains(plan.Fronts(w.Evidence), at) {
					delete(w.Ways, at)
				}
			}
			if tt.live != nil {
				tt.live(w.Ways)
			}
			actions, checks, notes := plan.DraftLimit(w)
			var titles, verdicts []string
			then := s
			for _, a := range actions {
				titles = append(titles, a.Title)
				then = a.Then(then)
				back, ok := a.Inverse()
				if diff := cmp.Diff(s.Services, back.Then(a.Then(s)).Services); !ok || diff != "" {
					t.Errorf("taken back (-before +after):\n%s", diff)
				}
				if diff := cmp.Diff(s.Ingresses, back.Then(a.Then(s)).Ingresses); diff != "" {
					t.Errorf("taken back (-before +after):\n%s", diff)
				}
			}
			for _, c := range checks {
				verdicts = append(verdicts, fmt.Sprintf("%s %s", c.Name, c.Verdict))
			}
			if diff := cmp.Diff(tt.titles, titles); diff != "" {
				t.Errorf("titles (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.verdicts, strings.Join(verdicts, ", ")); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
			if said := strings.Join(notes, "\n"); !strings.Contains(said, tt.says) || tt.says == "" && said != "" {
				t.Errorf("notes, want %q:\n%s", tt.says, said)
			}
			if left := ways(then); len(left) != tt.left {
				t.Errorf("%d ways in are left, want %d: %+v", len(left), tt.left, left)
			}
		})
	}
}

// spread are ranges that do not touch.
func spread(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("198.%d.%d.0/25", 18+i/256, i%256)
	}
	return list
}

// Who is let in counts, and not how it is written; a revert has the very text.
func TestSources(t *testing.T) {
	in := storefront(marked("inbound-cidrs", "198.51.100.0/24,  "+office))
	was := plan.WayIn{Ingress: &in}.Sources()
	if is := plan.SourcesOf(plan.KindIngress, []string{office, "198.51.100.0/24"}); !(plan.Setting{Sources: &was}).Equal(plan.Setting{Sources: &is}) {
		t.Errorf("%v and %v let in the same", was, is)
	}
	if was.Written == nil || *was.Written != "198.51.100.0/24,  "+office {
		t.Errorf("written %v", was.Written)
	}
	none := plan.WayIn{Ingress: new(storefront())}.Sources()
	if none.Written != nil || (plan.Setting{Sources: &none}).Equal(plan.Setting{Sources: &was}) {
		t.Errorf("%+v is none", none)
	}
}
