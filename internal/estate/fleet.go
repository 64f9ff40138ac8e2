package estate

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

// The size of what a fleet has in common. A company's clusters share base
// images, platform tools and vulnerabilities; only a few hundred images differ.
const (
	fleetImages          = 300
	fleetVulnerabilities = 1500
	fleetStacks          = 64 // sets of images that clusters draw on
	fleetStackSize       = 40
	fleetMaxMatches      = 120
	fleetNodes           = 6
)

// Fleet is a stream of snapshots of realistic clusters, each with the given
// number of workloads. The same seed gives the same stream, and each cluster is
// the same however many there are. Snapshots share their images, matches,
// calendar and add-ons: they are to be read only.
func Fleet(seed uint64, clusters, workloads int) iter.Seq[*inventory.Snapshot] {
	return func(yield func(*inventory.Snapshot) bool) {
		f := newFleet(seed)
		for i := range clusters {
			if !yield(f.snapshot(seed, i, workloads)) {
				return
			}
		}
	}
}

// fleet is what the clusters of a fleet share.
type fleet struct {
	stacks   [][]inventory.Image // each ordered by digest
	calendar inventory.Calendar
	addons   []inventory.Addon
}

func newFleet(seed uint64) *fleet {
	r := rand.New(rand.NewPCG(seed, 1))
	vulnerabilities := make([]vuln.Match, fleetVulnerabilities)
	for i := range vulnerabilities {
		vulnerabilities[i] = fleetMatch(r, i)
	}
	images := make([]inventory.Image, fleetImages)
	for i := range images {
		images[i] = fleetImage(r, i, vulnerabilities)
	}
	f := &fleet{calendar: fleetCalendar()}
	for range fleetStacks {
		stack := make([]inventory.Image, 0, fleetStackSize)
		for _, n := range r.Perm(fleetImages)[:fleetStackSize] {
			stack = append(stack, images[n])
		}
		slices.SortFunc(stack, func(a, b inventory.Image) int { return cmp.Compare(a.Digest, b.Digest) })
		f.stacks = append(f.stacks, stack)
	}
	for _, a := range addonRows(AsOf()) {
		f.addons = append(f.addons, inventory.Addon{Name: a.Name, Version: a.Version, Status: "ACTIVE", ARN: "arn:aws:eks:us-east-1:000000000000:addon/fleet/" + a.Name})
	}
	return f
}

// fleetMatch is one vulnerability: one in a hundred is known to be exploited, a
// tenth has a high EPSS, a tenth none at all.
func fleetMatch(r *rand.Rand, i int) vuln.Match {
	vectors := []string{
		"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
		"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
	}
	severities := []string{"Critical", "High", "High", "Medium"}
	n := r.IntN(len(vectors))
	m := vuln.Match{
		ID: fmt.Sprintf("CVE-%d-%d", 2018+i%9, 10000+i),
		Package: vuln.Package{
			Name: fmt.Sprintf("lib%s%d", string(rune('a'+i%26)), i%400), Version: fmt.Sprintf("%d.%d.%d", r.IntN(4), r.IntN(20), r.IntN(9)), Type: "deb",
		},
		Severity: severities[n], CVSS: vuln.CVSS{Vector: vectors[n], Score: []float64{9.8, 7.5, 7.8, 6.1}[n], Version: "3.1"},
		KEV: r.IntN(100) == 0, Exploit: r.IntN(40) == 0, Fix: vuln.FixKnown, Source: "debian:distro:debian:12",
	}
	m.FixedIn = []string{m.Package.Version + "-deb12u1"}
	if share := r.IntN(10); share > 0 {
		score := r.Float64() * 0.05
		if share == 1 {
			score = 0.1 + r.Float64()*0.8
		}
		m.EPSS = &vuln.EPSS{Score: score, Percentile: min(1, score*8), Date: AsOf()}
	}
	return m
}

// fleetImage is one image: a fifth has nothing, the others up to fleetMaxMatches.
func fleetImage(r *rand.Rand, i int, known []vuln.Match) inventory.Image {
	name := "fleet-image-" + strconv.Itoa(i)
	repository := fmt.Sprintf("%s.dkr.ecr.eu-central-1.amazonaws.com/team-%d/service-%d", shopAccount, i%20, i)
	im := inventory.Image{
		Digest: "sha256:" + stableHex(name, 64), Repository: repository, References: []string{repository + ":v1." + strconv.Itoa(i%30)},
		Platform: "linux/amd64", CreatedAt: AsOf().AddDate(0, 0, -r.IntN(700)), Packages: 80 + r.IntN(300), Database: "v6 fleet",
		OS:     vuln.OS{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", EndOfLife: time.Date(2028, 6, 30, 0, 0, 0, 0, time.UTC)},
		Layers: []inventory.Layer{{DiffID: "sha256:" + stableHex("base"+strconv.Itoa(i%12), 64), Size: 30 << 20}, {DiffID: "sha256:" + stableHex(name+"app", 64), Size: 8 << 20}},
	}
	if i%15 == 0 {
		im.OS = vuln.OS{ID: "debian", Version: "10", Name: "Debian GNU/Linux 10 (buster)", EndOfLife: time.Date(2024, 6, 30, 0, 0, 0, 0, time.UTC)}
	}
	if i%5 == 0 {
		return im
	}
	for _, n := range r.Perm(len(known))[:r.IntN(fleetMaxMatches)] {
		im.Matches = append(im.Matches, known[n])
	}
	vuln.Sort(im.Matches)
	return im
}

func fleetCalendar() inventory.Calendar {
	c := inventory.Calendar{Source: "DescribeClusterVersions", ReadAt: AsOf()}
	for _, v := range Versions() {
		status, _ := v.status(AsOf())
		c.Versions = append(c.Versions, inventory.VersionSupport{
			Version: v.Version, Status: status, Default: v.Default, Released: v.Released, EndOfStandard: v.EndOfStandard, EndOfExtended: v.EndOfExtended,
		})
	}
	return c
}

// snapshot is the i-th cluster.
func (f *fleet) snapshot(seed uint64, i, workloads int) *inventory.Snapshot {
	r := rand.New(rand.NewPCG(seed, uint64(i)+2))
	regions := []string{frankfurt, ireland, virginia, "us-west-2", "ap-southeast-2"}
	ref := inventory.ClusterRef{
		Partition: "aws", Account: fmt.Sprintf("%012d", 100000000000+i/20), Region: regions[i%len(regions)], Name: fmt.Sprintf("fleet-%05d", i),
	}
	s := &inventory.Snapshot{
		Version: inventory.SnapshotVersion, CollectedAt: AsOf(), Cluster: fleetCluster(r, ref), Calendar: f.calendar, Addons: f.addons,
		Images: f.stacks[r.IntN(len(f.stacks))],
	}
	for _, e := range s.Cluster.Encryption {
		s.Keys = append(s.Keys, inventory.Key{ARN: e.KeyARN, State: "Enabled", Manager: "CUSTOMER"})
	}
	s.NodeGroups = []inventory.NodeGroup{{
		Name: "general", ARN: "arn:aws:eks:" + ref.Region + ":" + ref.Account + ":nodegroup/" + ref.Name + "/general", Status: "ACTIVE",
		Version: s.Cluster.Version, AMIType: "AL2023_x86_64_STANDARD", Desired: fleetNodes, InstanceTypes: []string{"m7i.large"},
	}}
	for n := range fleetNodes {
		s.Nodes = append(s.Nodes, inventory.Node{
			Name: fmt.Sprintf("ip-10-0-%d-%d.%s.compute.internal", i%250, n, ref.Region), KubeletVersion: kubelet(s.Cluster.Version),
			OSImage: amazonLinux, OS: "linux", Architecture: "amd64", Ready: true, NodeGroup: "general",
		})
	}
	f.fill(r, s, workloads)
	return s
}

func fleetCluster(r *rand.Rand, ref inventory.ClusterRef) inventory.Cluster {
	versions := []string{"1.36", "1.36", "1.35", "1.35", "1.34", "1.33", "1.32", "1.31", "1.28"}
	access := []inventory.Endpoint{
		{Private: true},
		{Private: true, PublicCIDRs: []string{"0.0.0.0/0"}},
		{Public: true, Private: true, PublicCIDRs: []string{"203.0.113.0/24"}},
		{Public: true, Private: true, PublicCIDRs: []string{"0.0.0.0/0"}},
		{Public: true, PublicCIDRs: []string{"0.0.0.0/1", "128.0.0.0/1"}},
	}
	endpoint := access[r.IntN(len(access))]
	endpoint.URL = "https://" + stableHex(ref.Name, 32) + ".gr7." + ref.Region + ".eks.amazonaws.com"
	c := inventory.Cluster{
		Ref: ref, Status: "ACTIVE", Version: versions[r.IntN(len(versions))], CreatedAt: AsOf().AddDate(0, 0, -30-r.IntN(900)), SupportType: "EXTENDED",
		Endpoint: &endpoint, Network: inventory.Network{VPC: "vpc-0" + stableHex(ref.Name, 16), IPFamily: "ipv4"}, AuthenticationMode: "API",
		Tags: map[string]string{"team": fmt.Sprintf("team-%d", r.IntN(20))},
	}
	if r.IntN(3) == 0 {
		c.Encryption = []inventory.Encryption{{
			Resources: []string{"secrets"}, KeyARN: "arn:aws:kms:" + ref.Region + ":" + ref.Account + ":key/" + stableUUID(ref.Name),
		}}
	}
	return c
}

// fill adds workloads, ordered as Normalize would, and services in front of some.
func (f *fleet) fill(r *rand.Rand, s *inventory.Snapshot, workloads int) {
	const perNamespace = 10
	s.Workloads = make([]inventory.Workload, 0, workloads)
	for n := range workloads {
		ns := fmt.Sprintf("team-%03d", n/perNamespace)
		if n%perNamespace == 0 {
			s.Namespaces = append(s.Namespaces, inventory.Namespace{Name: ns, CreatedAt: s.Cluster.CreatedAt})
			s.ServiceAccounts = append(s.ServiceAccounts, inventory.ServiceAccount{Namespace: ns, Name: "default"})
		}
		running := r.IntN(5)
		w := inventory.Workload{
			Namespace: ns, Kind: "Deployment", Name: fmt.Sprintf("service-%03d", n), Desired: running, Running: running, ServiceAccount: "default",
			CreatedAt: s.Cluster.CreatedAt, LastStarted: AsOf().Add(-time.Duration(r.IntN(1000)) * time.Hour),
		}
		for k := range 1 + r.IntN(2) {
			im := &s.Images[r.IntN(len(s.Images))]
			w.Containers = append(w.Containers, inventory.Container{
				Name: fmt.Sprintf("c%d", k), Kind: inventory.ContainerRegular, Reference: im.References[0], Digest: im.Digest, Repository: im.Repository, Running: running,
			})
		}
		s.Workloads = append(s.Workloads, w)
		if n%5 == 0 {
			s.Services = append(s.Services, fleetService(r, w))
		}
	}
}

// fleetService leads to a workload; one in ten from the internet.
func fleetService(r *rand.Rand, w inventory.Workload) inventory.Service {
	svc := inventory.Service{
		Namespace: w.Namespace, Name: w.Name, Type: "ClusterIP", Ports: []inventory.Port{{Port: 80, Protocol: "TCP"}},
	}
	if w.Running > 0 {
		svc.Workloads = []inventory.WorkloadRef{w.Ref()}
	}
	if scheme := r.IntN(10); scheme < 2 {
		words := []string{"internet-facing", "internal"}
		svc.Type, svc.Annotations = "LoadBalancer", map[string]string{schemeService: words[scheme]}
		svc.Addresses = []string{"k8s-" + w.Name + ".elb.eu-central-1.amazonaws.com"}
	}
	return svc
}
