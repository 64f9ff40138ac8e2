package trait_test

import (
	"fmt"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/vuln"
)

func now() time.Time { return time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC) }

func on(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

func calendar() inventory.Calendar {
	row := func(minor int, status string, standard, extended time.Time) inventory.VersionSupport {
		return inventory.VersionSupport{Version: fmt.Sprintf("1.%d", minor), Status: status, EndOfStandard: standard, EndOfExtended: extended}
	}
	return inventory.Calendar{Source: "DescribeClusterVersions", ReadAt: now(), Versions: []inventory.VersionSupport{
		row(36, "STANDARD_SUPPORT", on(2027, 8, 2), on(2028, 8, 2)),
		row(35, "STANDARD_SUPPORT", on(2027, 3, 27), on(2028, 3, 27)),
		row(34, "STANDARD_SUPPORT", on(2026, 12, 2), on(2027, 12, 2)),
		row(33, "EXTENDED_SUPPORT", on(2026, 7, 29), on(2027, 7, 29)),
		row(32, "EXTENDED_SUPPORT", on(2026, 3, 23), on(2027, 3, 23)),
		row(30, "UNSUPPORTED", on(2025, 7, 23), on(2026, 7, 23)),
	}}
}

const key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// richSnapshot shows every trait but potentially-internet-reachable at once, and
// an image that could not be read.
func richSnapshot() *inventory.Snapshot {
	ref := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "checkout"}
	web := inventory.WorkloadRef{Namespace: "shop", Kind: "Deployment", Name: "web"}
	s := &inventory.Snapshot{
		Version: 1, CollectedAt: now(), Calendar: calendar(),
		Cluster: inventory.Cluster{
			Ref: ref, Status: "ACTIVE", Version: "1.32", SupportType: "EXTENDED", RoleARN: "arn:aws:iam::111122223333:role/eks", DeletionProtection: true,
			Endpoint:   &inventory.Endpoint{URL: "https://x.gr7.eu-central-1.eks.amazonaws.com", Public: true, PublicCIDRs: []string{"0.0.0.0/0"}},
			Network:    inventory.Network{VPC: "vpc-0abc", Subnets: []string{"subnet-1", "subnet-2"}, ClusterSecurityGroup: "sg-0abc"},
			Encryption: []inventory.Encryption{{Resources: []string{"secrets"}, KeyARN: key}}, Tags: map[string]string{"team": "checkout"},
		},
		NodeGroups:      []inventory.NodeGroup{{Name: "workers-a", ARN: "arn:aws:eks:eu-central-1:111122223333:nodegroup/checkout/workers-a/1", Status: "ACTIVE", Version: "1.30", Desired: 2}},
		FargateProfiles: []inventory.FargateProfile{{Name: "profile-x", ARN: "arn:aws:eks:eu-central-1:111122223333:fargateprofile/checkout/profile-x/1"}},
		Addons:          []inventory.Addon{{Name: "vpc-cni", Version: "v1.18.0-eksbuild.1"}},
		Keys:            []inventory.Key{{ARN: key, State: "Disabled", Manager: "CUSTOMER"}},
		Nodes:           []inventory.Node{{Name: "node-1", KubeletVersion: "v1.29.0-eks-1", CreatedAt: now().AddDate(0, -1, 0)}},
		Services: []inventory.Service{{
			Namespace: "shop", Name: "web", Type: "LoadBalancer", Addresses: []string{"web-1.eu-central-1.elb.amazonaws.com"}, Workloads: []inventory.WorkloadRef{web},
		}},
		Gaps: []inventory.Gap{{Section: inventory.SectionImages, Subject: "sha256:bad", Reason: "denied", Detail: "registry says no"}},
	}
	container := func(name, digest string) inventory.Container {
		return inventory.Container{Name: name, Kind: inventory.ContainerRegular, Reference: "registry.example.com/shop/" + name + ":1.2", Repository: "registry.example.com/shop/" + name, Digest: digest, Running: 3}
	}
	s.Workloads = []inventory.Workload{
		{Namespace: "shop", Kind: "Deployment", Name: "web", Desired: 3, Running: 3, Containers: []inventory.Container{container("web", "sha256:aaa"), container("broken", "sha256:bad")}},
		{Namespace: "kube-system", Kind: "DaemonSet", Name: "aws-node", Running: 2, Containers: []inventory.Container{container("cni", "sha256:ccc")}},
		{Namespace: "shop", Kind: "Job", Name: "migrate", Running: 1, Containers: []inventory.Container{container("web", "sha256:aaa")}},
	}
	s.Images = []inventory.Image{
		image("sha256:aaa", "registry.example.com/shop/web", ""),
		image("sha256:ccc", "602401143452.dkr.ecr.eu-central-1.amazonaws.com/amazon-k8s-cni", "vpc-cni"),
	}
	s.Normalize()
	return s
}

func image(digest, repository, addon string) inventory.Image {
	im := inventory.Image{
		Digest: digest, Repository: repository, Addon: addon, Database: "v6.1.10",
		OS:     vuln.OS{ID: "debian", Version: "10", Name: "Debian GNU/Linux 10 (buster)", EndOfLife: on(2024, 6, 30)},
		Layers: []inventory.Layer{{DiffID: "sha256:base"}, {DiffID: "sha256:app", CreatedBy: "RUN apt-get install -y app"}},
		Matches: []vuln.Match{
			{
				ID: "GHSA-jfh8-c2jp-5v3q", Aliases: []string{"CVE-2021-44228"}, Severity: "Critical", KEV: true, Exploit: true, EPSS: &vuln.EPSS{Score: 0.975},
				CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10}, Fix: vuln.FixKnown, FixedIn: []string{"2.12.2", "2.15.0", "2.3.1"},
				Package: vuln.Package{Name: "log4j-core", Version: "2.14.1", Type: "java-archive", Layer: "sha256:app"},
			},
			{
				ID: "CVE-2021-44832", Severity: "Critical", Exploit: true, EPSS: &vuln.EPSS{Score: 0.4},
				CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 8}, Fix: vuln.FixKnown, FixedIn: []string{"2.17.1"},
				Package: vuln.Package{Name: "log4j-core", Version: "2.14.1", Type: "java-archive", Layer: "sha256:app"},
			},
			{
				ID: "CVE-2023-5678", Severity: "Medium", EPSS: &vuln.EPSS{Score: 0.002}, CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L", Score: 5.3},
				Fix: vuln.FixKnown, FixedIn: []string{"3.0.11-1~deb12u2"}, Package: vuln.Package{Name: "libssl3", Version: "3.0.11-1~deb12u1", Type: "deb", Layer: "sha256:base"},
			},
			{ID: "CVE-2026-1", Severity: "Unknown", Package: vuln.Package{Name: "bash", Version: "5.2", Type: "deb", Layer: "sha256:base"}},
		},
	}
	vuln.Sort(im.Matches)
	return im
}

// usualSnapshot is a cluster of usual size for measuring.
func usualSnapshot() *inventory.Snapshot {
	s := richSnapshot()
	s.Workloads, s.Images, s.Services = nil, nil, nil
	vectors := []string{"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:L/I:L/A:N"}
	for i := range 30 {
		im := inventory.Image{Digest: fmt.Sprintf("sha256:%064d", i), Repository: fmt.Sprintf("registry.example.com/team/service-%d", i), Database: "v6.1.10", OS: vuln.OS{ID: "debian", Version: "12", EndOfLife: on(2028, 6, 30)}}
		for j := range 60 {
			score := 0.01 // most vulnerabilities are not likely to be exploited
			if j%20 == 0 {
				score = 0.3
			}
			m := vuln.Match{
				ID: fmt.Sprintf("CVE-2025-%05d", 100*i+j), Severity: "Medium", CVSS: vuln.CVSS{Vector: vectors[j%3], Score: 6}, EPSS: &vuln.EPSS{Score: score},
				Package: vuln.Package{Name: fmt.Sprintf("package-%d", j%20), Version: "1.2.3-4", Type: "deb", Layer: "sha256:base"},
			}
			if j%2 == 0 {
				m.Fix, m.FixedIn = vuln.FixKnown, []string{fmt.Sprintf("1.2.%d-1", 4+j)}
			}
			im.Matches = append(im.Matches, m)
		}
		vuln.Sort(im.Matches)
		s.Images = append(s.Images, im)
	}
	for i := range 100 {
		im := s.Images[i%30]
		w := inventory.Workload{Namespace: fmt.Sprintf("team-%d", i%10), Kind: "Deployment", Name: fmt.Sprintf("service-%d", i), Running: 3}
		w.Containers = []inventory.Container{{Name: "main", Kind: inventory.ContainerRegular, Reference: im.Repository + ":1", Repository: im.Repository, Digest: im.Digest, Running: 3}}
		s.Workloads = append(s.Workloads, w)
		s.Services = append(s.Services, inventory.Service{Namespace: w.Namespace, Name: w.Name, Type: "ClusterIP", Workloads: []inventory.WorkloadRef{w.Ref()}})
	}
	s.Normalize()
	return s
}
