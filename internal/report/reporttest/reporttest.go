// Package reporttest makes findings that have everything a report can show, for
// the tests of what writes findings. They come out of exposure.Evaluate and
// exposure.Correlate, so that they are consistent in themselves; the traits are
// stand-ins that answer with prepared evidence.
package reporttest

import (
	"time"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
)

// At is when the snapshots were collected.
func At() time.Time { return time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC) }

// Findings are one finding of each kind, most severe first: Checkout, then an
// unneeded cluster of medium severity.
func Findings() []*exposure.Finding {
	return []*exposure.Finding{Checkout(), Abandoned()}
}

// Checkout is a finding with every part: contributing, contextual, unknown and
// stale traits, an attack path, images with fixes, gaps, and text that means harm
// to a spreadsheet or a browser.
func Checkout() *exposure.Finding {
	day := snapshot("checkout", "111122223333", "eu-central-1")
	day.Keys = []inventory.Key{{ARN: keyARN, State: "Disabled"}}
	traits := traits(checkoutEvidence(day.Cluster.Ref))
	earlier, _ := exposure.Correlate(nil, exposure.Evaluate(day, traits, exposure.DefaultPolicy()), day, traits)
	earlier.Status = exposure.StatusInProgress

	today := snapshot("checkout", "111122223333", "eu-central-1")
	today.CollectedAt = At()
	today.Gaps = []inventory.Gap{
		{Section: inventory.SectionKeys, Reason: "denied", Detail: "kms:DescribeKey on the cluster's key is denied. Allow kms:DescribeKey for the scanning role"},
		{Section: inventory.SectionImages, Subject: "ghcr.io/example/batch@sha256:" + digest('e'), Reason: "denied", Detail: "ghcr.io answered 401 for example/batch. Add credentials to the Docker configuration"},
	}
	f, _ := exposure.Correlate(earlier, exposure.Evaluate(today, traits, exposure.DefaultPolicy()), today, traits)
	return f
}

// Abandoned is the finding of a cluster that looks unneeded.
func Abandoned() *exposure.Finding {
	s := snapshot("sandbox", "444455556666", "us-gov-west-1")
	s.Cluster.Ref.Partition = "aws-us-gov"
	s.CollectedAt = At()
	s.Workloads, s.Nodes, s.NodeGroups = nil, nil, nil
	traits := traits(map[string][]exposure.Evidence{"internet-reachable": {endpoint(s.Cluster.Ref)}})
	f, _ := exposure.Correlate(nil, exposure.Evaluate(s, traits, exposure.DefaultPolicy()), s, traits)
	return f
}

// Closed is Checkout after everything was remedied.
func Closed() *exposure.Finding {
	s := snapshot("checkout", "111122223333", "eu-central-1")
	s.CollectedAt = At().AddDate(0, 0, 2)
	none := traits(nil)
	f, _ := exposure.Correlate(Checkout(), exposure.Evaluate(s, none, exposure.DefaultPolicy()), s, none)
	return f
}

// Outcomes are the outcomes of scanning both clusters, and one clean one.
func Outcomes() []exposure.Outcome {
	clean := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "billing"}
	var list []exposure.Outcome
	for _, f := range Findings() {
		e := exposure.Evaluation{Cluster: f.Cluster.Ref, At: At()}
		for _, t := range f.Traits {
			verdict := exposure.Present
			if t.Standing == exposure.Unknown || t.Stale {
				verdict = exposure.VerdictUnknown
			}
			e.Results = append(e.Results, exposure.Result{Trait: t.ID, Verdict: verdict, Standing: t.Standing, Unknowns: t.Unknowns})
		}
		list = append(list, exposure.Outcome{Cluster: f.Cluster.Ref, Evaluation: e, Finding: f, Change: exposure.Change{Kind: exposure.Created}, Gaps: f.Gaps})
	}
	return append(list, exposure.Outcome{Cluster: clean, Evaluation: exposure.Evaluation{Cluster: clean, At: At()}, Change: exposure.Change{Kind: exposure.NoFinding}})
}

const keyARN = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555"

func digest(c byte) string {
	b := make([]byte, 64)
	for i := range b {
		b[i] = c
	}
	return string(b)
}

func snapshot(name, account, region string) *inventory.Snapshot {
	ref := inventory.ClusterRef{Partition: "aws", Account: account, Region: region, Name: name}
	s := &inventory.Snapshot{
		Version: inventory.SnapshotVersion, CollectedAt: At().AddDate(0, 0, -3),
		Cluster: inventory.Cluster{
			Ref: ref, AccountName: "shop-production", Status: "ACTIVE", Version: "1.33", PlatformVersion: "eks.21",
			CreatedAt: time.Date(2025, 6, 2, 8, 0, 0, 0, time.UTC), RoleARN: "arn:aws:iam::" + account + ":role/eks-" + name,
			SupportType: "EXTENDED", Endpoint: &inventory.Endpoint{
				URL: "https://0123456789ABCDEF0123456789ABCDEF.gr7." + region + ".eks.amazonaws.com", Public: true, PublicCIDRs: []string{"0.0.0.0/0"},
			},
			Network: inventory.Network{VPC: "vpc-0a1b2c3d", Subnets: []string{"subnet-1", "subnet-2"}, ClusterSecurityGroup: "sg-0123456789"},
			Tags:    map[string]string{"team": "shop", "note": "=HYPERLINK(\"https://evil.example\")", "html": "<script>alert(1)</script>"},
		},
		Calendar: inventory.Calendar{Source: "DescribeClusterVersions", Versions: []inventory.VersionSupport{
			{Version: "1.33", Status: "EXTENDED_SUPPORT", EndOfExtended: time.Date(2027, 7, 29, 0, 0, 0, 0, time.UTC)},
			{Version: "1.36", Status: "STANDARD_SUPPORT", Default: true},
		}},
		NodeGroups: []inventory.NodeGroup{{Name: "general", ARN: "arn:aws:eks:" + region + ":" + account + ":nodegroup/" + name + "/general/1", Status: "ACTIVE", Desired: 2}},
		Nodes:      []inventory.Node{{Name: "ip-10-0-1-10"}, {Name: "ip-10-0-2-11"}},
		Workloads:  []inventory.Workload{{Namespace: "shop", Kind: "Deployment", Name: "web", Desired: 3, Running: 3}},
	}
	return s
}

// traits are stand-ins in the order of the real ones.
func traits(evidence map[string][]exposure.Evidence) []exposure.Trait {
	list := []exposure.Trait{
		{
			ID: "internet-reachable", Type: exposure.Reachability, Title: "The Amazon EKS cluster allows public access", Short: "Internet reachable",
			Adjective: "Internet reachable", Effort: exposure.EffortMinutes, Options: []exposure.Option{
				{ID: "private-only", Title: "Turn the public endpoint off"},
				{ID: "narrow-cidrs", Title: "Narrow the public CIDR list", Leaves: "potentially-internet-reachable"},
			},
		},
		{
			ID: "unsupported-kubernetes-version", Type: exposure.Misconfiguration, Title: "The Amazon EKS cluster uses an unsupported Kubernetes version",
			Short: "Unsupported Kubernetes version", Phrase: "uses an unsupported Kubernetes version", Effort: exposure.EffortDays,
			Options: []exposure.Option{{ID: "upgrade", Title: "Upgrade the control plane, one minor version at a time"}},
		},
		{
			ID: "unencrypted-kubernetes-secrets", Type: exposure.Misconfiguration, Title: "The Amazon EKS cluster uses unencrypted Kubernetes secrets",
			Short: "Unencrypted Kubernetes secrets", Phrase: "uses unencrypted Kubernetes secrets", Effort: exposure.EffortHours,
			Needs: []inventory.Section{inventory.SectionKeys},
		},
		{
			ID: "high-priority-vulnerability", Type: exposure.Vulnerability, Short: "High priority vulnerability", Effort: exposure.EffortHours,
			Title:   "The Amazon EKS cluster has a container with network-exploitable software vulnerabilities with a high likelihood of exploitation",
			Phrase:  "has a container with network-exploitable software vulnerabilities with a high likelihood of exploitation",
			Options: []exposure.Option{{ID: "patched-image", Title: "Run an image with fixed packages"}},
		},
		{
			ID: "low-priority-vulnerability", Type: exposure.Vulnerability, Title: "The Amazon EKS cluster has a container with software vulnerabilities",
			Short: "Low priority vulnerability", Phrase: "has a container with software vulnerabilities", Effort: exposure.EffortHours,
		},
		{
			ID: "end-of-life-operating-system", Type: exposure.Vulnerability, Title: "The Amazon EKS cluster has a container running an end-of-life operating system",
			Short: "End-of-life operating system", Phrase: "has a container running an end-of-life operating system", Effort: exposure.EffortDays,
		},
		{
			ID: "internet-reachable-workload", Type: exposure.Reachability, Title: "A workload of the Amazon EKS cluster can be reached from the internet",
			Short: "Internet reachable workload", Phrase: "runs a workload that the internet reaches", Effort: exposure.EffortHours,
		},
	}
	for i, t := range list {
		list[i].Detect = func(*inventory.Snapshot, exposure.Policy) []exposure.Evidence { return evidence[t.ID] }
	}
	return list
}

// Traits are the stand-ins, of which internet-reachable looks at the snapshot's
// endpoint and the others see nothing.
func Traits() []exposure.Trait {
	list := traits(nil)
	list[0].Needs = []inventory.Section{inventory.SectionCluster}
	list[0].Detect = func(s *inventory.Snapshot, _ exposure.Policy) []exposure.Evidence {
		if s.Cluster.Endpoint == nil || !s.Cluster.Endpoint.Public {
			return nil
		}
		return []exposure.Evidence{endpoint(s.Cluster.Ref)}
	}
	return list
}

// Pages are short pages of the stand-in traits and of deletion.
func Pages() map[string]exposure.Page {
	pages := map[string]exposure.Page{}
	for _, t := range traits(nil) {
		page := exposure.Page{
			Title: t.Title, Meaning: "What " + t.Short + " means.", Detection: "How `" + t.ID + "` is detected.",
			Remediation: "Do this for **{{.Name}}** in {{.Region}}.\n",
			References:  []exposure.Reference{{Title: "Amazon EKS user guide", URL: "https://docs.aws.amazon.com/eks/latest/userguide/" + t.ID + ".html"}},
		}
		for _, o := range t.Options {
			page.Remediation += "\n### " + o.Title + "\n\n1. Look at the cluster:\n\n   ```\n   aws eks describe-cluster --name {{.Name}} --region {{.Region}}\n   ```\n\n2. Change it, then <b>verify</b>.\n"
		}
		pages[t.ID] = page
	}
	pages[exposure.DeleteTopic] = exposure.Page{
		Title: "The cluster looks unneeded", Remediation: "It costs {{printf \"%.0f\" .Unneeded.MonthlyUSD}} USD a month.\n\n### Delete the cluster\n\n1. `aws eks delete-cluster --name {{.Name}} --region {{.Region}}`\n",
	}
	return pages
}

func endpoint(ref inventory.ClusterRef) exposure.Evidence {
	return exposure.Evidence{
		Standing: exposure.Contributing, Variant: "open", Resource: ref.Resource(),
		Summary: "The public API endpoint is on and open to 4294967296 IPv4 addresses (limit 16777216): 0.0.0.0/0.",
		Facts: []exposure.Fact{
			{Name: "public endpoint", Value: "true"},
			{Name: "effective CIDRs", Value: "0.0.0.0/0"},
			{Name: "IPv4 addresses", Value: "4,294,967,296", Limit: "fires from 16,777,216 on"},
		},
	}
}

func checkoutEvidence(ref inventory.ClusterRef) map[string][]exposure.Evidence {
	web := inventory.WorkloadRef{Namespace: "shop", Kind: "Deployment", Name: "web"}
	api := inventory.WorkloadRef{Namespace: "shop", Kind: "Deployment", Name: "api"}
	repository := "111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/web"
	webImage := inventory.ResourceRef{Type: inventory.TypeImage, UID: repository + "@sha256:" + digest('a'), Name: "shop/web@sha256:aaaaaaaaaaaa"}
	apiImage := inventory.ResourceRef{Type: inventory.TypeImage, UID: "docker.io/library/api@sha256:" + digest('b'), Name: "library/api@sha256:bbbbbbbbbbbb"}
	balancer := inventory.ResourceRef{
		Type: inventory.TypeLoadBalancer, UID: "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/web/1", Name: "web-1.elb.eu-central-1.amazonaws.com",
	}
	service := ref.KubernetesResource("shop", "Service", "web")
	return map[string][]exposure.Evidence{
		"internet-reachable": {endpoint(ref)},
		"unsupported-kubernetes-version": {{
			Standing: exposure.Contributing, Variant: exposure.VariantExtendedSupport, Resource: ref.Resource(),
			Summary: "The control plane runs Kubernetes 1.33, in extended support since 2026-07-29, which ends on 2027-07-29.",
			Facts: []exposure.Fact{
				{Name: "version", Value: "1.33", Limit: "fires before 1.34"},
				{Name: "end of extended support", Value: "2027-07-29"},
			},
		}},
		"unencrypted-kubernetes-secrets": {{
			Standing: exposure.Contributing, Variant: exposure.VariantKeyUnusable, Resource: ref.Resource(),
			Summary: "Secrets are encrypted with a key that is Disabled.",
			Facts:   []exposure.Fact{{Name: "key", Value: keyARN}, {Name: "key state", Value: "Disabled", Limit: "fires unless Enabled or Updating"}},
		}},
		"high-priority-vulnerability": {{
			Standing: exposure.Contributing, Variant: "network-exploitable", Resource: webImage, Workloads: []inventory.WorkloadRef{web},
			Summary: "shop/web has 2 network-exploitable vulnerabilities likely to be exploited, the worst CVE-2021-44228 in log4j-core 2.14.1 (KEV, EPSS 0.944).",
			Facts:   []exposure.Fact{{Name: "EPSS", Value: "0.944", Limit: "fires from 0.1 on"}, {Name: "KEV", Value: "true"}},
			Image: &exposure.ImageEvidence{
				Digest: "sha256:" + digest('a'), Repository: repository, Reference: repository + ":1.4", OS: "Debian 12", Kinds: []inventory.ContainerKind{inventory.ContainerRegular},
				Running: 3, Vulnerabilities: 2, Fixable: 2, KEV: 1, Exploits: 1, MaxEPSS: new(0.944),
				Worst: []exposure.Match{
					{ID: "CVE-2021-44228", Package: "log4j-core", Version: "2.14.1", FixedIn: "2.15.0", Severity: "Critical", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10, EPSS: new(0.944), KEV: true, Exploit: true, Layer: "sha256:" + digest('1')},
					{ID: "CVE-2021-45046", Package: "log4j-core", Version: "2.14.1", FixedIn: "2.16.0", Severity: "Critical", Score: 9, EPSS: new(0.42)},
				},
				Fixes: []exposure.Fix{{Package: "log4j-core", Type: "java-archive", Version: "2.14.1", FixedIn: "2.17.1", Vulnerabilities: 2, Worst: "CVE-2021-44228", Layer: "sha256:" + digest('1'), LayerIndex: 3, CreatedBy: "COPY app.jar /app/"}},
			},
		}},
		"low-priority-vulnerability": {
			{
				Standing: exposure.Contributing, Variant: "other", Resource: apiImage, Workloads: []inventory.WorkloadRef{api},
				Summary: "library/api has 12 vulnerabilities, 7 of them fixable.",
				Image: &exposure.ImageEvidence{
					Digest: "sha256:" + digest('b'), Repository: "docker.io/library/api", Reference: "api:latest", OS: "Alpine 3.20", Kinds: []inventory.ContainerKind{inventory.ContainerRegular, inventory.ContainerInit},
					Running: 2, Vulnerabilities: 12, Fixable: 7, UnknownEPSS: 1, MaxEPSS: new(0.031),
					Worst: []exposure.Match{{ID: "CVE-2024-6119", Package: "libssl3", Version: "3.3.1-r0", FixedIn: "3.3.2-r0", Severity: "High", Score: 7.5}},
					Fixes: []exposure.Fix{{Package: "libssl3", Type: "apk", Version: "3.3.1-r0", FixedIn: "3.3.2-r0", Vulnerabilities: 3, Worst: "CVE-2024-6119"}}, MoreFixes: 4,
				},
			},
			{Standing: exposure.Unknown, Variant: "image", Resource: inventory.ResourceRef{Type: inventory.TypeImage, UID: "ghcr.io/example/batch@sha256:" + digest('e'), Name: "example/batch"}, Summary: "image example/batch was not read: ghcr.io answered 401"},
		},
		"end-of-life-operating-system": {{
			Standing: exposure.Contextual, Variant: "not-running", Resource: apiImage, Workloads: []inventory.WorkloadRef{{Namespace: "shop", Kind: "Job", Name: "import"}},
			Summary: "Alpine 3.16 of a completed job is past its end of life (2024-05-23).",
			Facts:   []exposure.Fact{{Name: "end of life", Value: "2024-05-23", Limit: "fires before 2026-11-24"}},
		}},
		"internet-reachable-workload": {{
			Standing: exposure.Contributing, Variant: "load-balancer", Resource: service, Via: []inventory.ResourceRef{balancer, service}, Workloads: []inventory.WorkloadRef{web},
			Summary: "The internet-facing load balancer of service shop/web leads to shop/Deployment/web with 3 running pods.",
			Facts:   []exposure.Fact{{Name: "scheme", Value: "internet-facing"}, {Name: "ports", Value: "443"}},
		}},
	}
}
