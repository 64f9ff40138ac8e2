package estate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/estate/images"
)

// AsOf is the day of the demo. Its facts are true on that day, and a scan of the
// demo uses it as its clock, so that the demo tells the same story in later years.
func AsOf() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

// The company of the demo: a web shop, its payment provider and the team that
// runs the platform. The account numbers are those that AWS's documentation uses.
const (
	platformAccount = "777788889999"
	shopAccount     = "111122223333"
	paymentsAccount = "444455556666"

	frankfurt = "eu-central-1"
	ireland   = "eu-west-1"
	virginia  = "us-east-1"
)

// ScanRole is the role that the demo's accounts have for scanning.
const ScanRole = "eksposure-scan"

// RemediationRole is the role that the demo's accounts have for applying plans.
const RemediationRole = "eksposure-remediation"

// DemoUser is the access key of the demo's caller: a user of the management
// account that may read its own account and assume ScanRole in the others.
const DemoUser = "AKIAIOSFODNN7EXAMPLE"

// Versions is the EKS version calendar of November 2026 (EKS User Guide,
// "Available Kubernetes versions", and the release history of older ones).
func Versions() []Version {
	date := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	return []Version{
		{Version: "1.36", Platform: "eks.5", Patch: "1.36.2", Released: date(2026, 6, 2), EndOfStandard: date(2027, 8, 2), EndOfExtended: date(2028, 8, 2), Default: true},
		{Version: "1.35", Platform: "eks.9", Patch: "1.35.5", Released: date(2026, 1, 27), EndOfStandard: date(2027, 3, 27), EndOfExtended: date(2028, 3, 27)},
		{Version: "1.34", Platform: "eks.14", Patch: "1.34.9", Released: date(2025, 10, 2), EndOfStandard: date(2026, 12, 2), EndOfExtended: date(2027, 12, 2)},
		{Version: "1.33", Platform: "eks.28", Patch: "1.33.13", Released: date(2025, 5, 29), EndOfStandard: date(2026, 7, 29), EndOfExtended: date(2027, 7, 29)},
		{Version: "1.32", Platform: "eks.35", Patch: "1.32.13", Released: date(2025, 1, 23), EndOfStandard: date(2026, 3, 23), EndOfExtended: date(2027, 3, 23)},
		{Version: "1.31", Platform: "eks.51", Patch: "1.31.14", Released: date(2024, 9, 26), EndOfStandard: date(2025, 11, 26), EndOfExtended: date(2026, 11, 26)},
		{Version: "1.30", Platform: "eks.61", Patch: "1.30.14", Released: date(2024, 5, 23), EndOfStandard: date(2025, 7, 23), EndOfExtended: date(2026, 7, 23)},
		{Version: "1.29", Platform: "eks.63", Patch: "1.29.15", Released: date(2024, 1, 23), EndOfStandard: date(2025, 3, 23), EndOfExtended: date(2026, 3, 23)},
		{Version: "1.28", Platform: "eks.66", Patch: "1.28.15", Released: date(2023, 9, 26), EndOfStandard: date(2024, 11, 26), EndOfExtended: date(2025, 11, 26)},
		{Version: "1.27", Platform: "eks.53", Patch: "1.27.16", Released: date(2023, 5, 24), EndOfStandard: date(2024, 7, 24), EndOfExtended: date(2025, 7, 24)},
	}
}

// AddonReleases are the versions of three add-ons, newest first, in the shape of EKS's
// own list.
func AddonReleases() []AddonRelease {
	minors := func(from, to int) []string {
		var list []string
		for m := from; m <= to; m++ {
			list = append(list, "1."+strconv.Itoa(m))
		}
		return list
	}
	list := []AddonRelease{
		{Name: "coredns", Version: "v1.12.4-eksbuild.1", Fits: minors(32, 36), DefaultOf: minors(34, 36)},
		{Name: "coredns", Version: "v1.11.4-eksbuild.2", Fits: minors(29, 33), DefaultOf: minors(29, 33)},
		{Name: "coredns", Version: "v1.10.1-eksbuild.6", Fits: minors(27, 32), DefaultOf: minors(27, 28)},
	}
	for m := 36; m >= 27; m-- {
		version := fmt.Sprintf("v1.%d.%d-eksbuild.3", m, 2+max(0, 31-m))
		list = append(list, AddonRelease{Name: "kube-proxy", Version: version, Fits: minors(m, min(m+2, 36)), DefaultOf: minors(m, m)})
	}
	return append(list,
		AddonRelease{Name: "vpc-cni", Version: "v1.20.4-eksbuild.1", Fits: minors(29, 36), DefaultOf: minors(33, 36)},
		AddonRelease{Name: "vpc-cni", Version: "v1.18.1-eksbuild.3", Fits: minors(27, 36), DefaultOf: minors(27, 32)})
}

// regions are what an account of the demo sees: a few of those that are on by
// default, one it has opted in to and one it has not.
func regions() []Region {
	var list []Region
	for _, name := range []string{
		"ap-northeast-1", "ap-southeast-2", "ca-central-1", frankfurt, "eu-north-1", ireland, "eu-west-3", "sa-east-1",
		virginia, "us-east-2", "us-west-2",
	} {
		list = append(list, Region{Name: name, OptStatus: "ENABLED_BY_DEFAULT"})
	}
	list = append(list, Region{Name: "eu-central-2", OptStatus: "ENABLED"}, Region{Name: "me-central-1", OptStatus: "DISABLED"})
	slices.SortFunc(list, func(a, b Region) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// offices are the ranges of the demo's offices and their way out, kept as one list in
// every region that has clusters.
func offices() []PrefixList {
	var list []PrefixList
	for _, region := range []string{frankfurt, ireland, virginia} {
		list = append(list, PrefixList{
			Region: region, ID: "pl-0" + stableHex("offices "+region, 16), Name: "offices", Version: 3,
			CIDRs: []string{"203.0.113.0/25", "203.0.113.128/25", "198.51.100.7/32"},
		})
	}
	return list
}

// scanActions are the actions that the demo's scan is allowed: all that reads, makes
// EKS look again at what an upgrade would meet, and nothing that writes.
func scanActions() []string {
	return []string{
		"account:ListRegions", "cloudtrail:LookupEvents", "ec2:DescribeInstances", "ec2:DescribeManagedPrefixLists", "ec2:DescribeNatGateways", "ec2:DescribeRegions", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
		"ec2:DescribeSubnets", "ec2:DescribeVpcAttribute", "ec2:GetManagedPrefixListEntries", "ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
		"ecr:ListImages", "eks:Describe*", "eks:List*", "eks:StartInsightsRefresh", "inspector2:GetClustersForImage", "inspector2:ListFindings", "kms:DescribeKey", "kms:GetKeyPolicy",
		"logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery", "sts:GetCallerIdentity",
	}
}

// changeActions are the actions that the demo's role for applying plans is allowed.
func changeActions() []string {
	return []string{
		"eks:AssociateEncryptionConfig", "eks:DeleteAddon", "eks:DeleteCluster", "eks:DeleteFargateProfile", "eks:DeleteNodegroup", "eks:DescribeUpdate", "eks:UpdateAddon", "eks:UpdateClusterConfig", "eks:UpdateClusterVersion", "eks:UpdateNodegroupVersion",
		"iam:PassRole", "kms:CreateAlias", "kms:CreateGrant", "kms:CreateKey", "kms:DeleteAlias", "kms:DescribeKey", "kms:EnableKeyRotation", "kms:GetKeyRotationStatus", "kms:ListKeys",
		"kms:ListResourceTags", "kms:ScheduleKeyDeletion", "kms:TagResource",
	}
}

// Demo is the scenario of `eksposure demo`: a dozen clusters in three accounts
// and three regions, with something of everything. Each call makes a new one, so
// a test may change it first: an account without Roles, for one, cannot be assumed.
func Demo(published *images.Registry) *Scenario {
	d := demo{images: published}
	s := &Scenario{
		AsOf: AsOf(), Versions: Versions(), Addons: AddonReleases(),
		Organization: Organization{ID: "o-a1b2c3d4e5", Management: platformAccount},
		Accounts: []Account{
			{
				ID: shopAccount, Name: "Nordhafen Shop", Email: "aws-shop@nordhafen.example",
				Keys: d.shopKeys(), Clusters: d.shopClusters(), ImageFindings: d.shopImageFindings(),
			},
			{
				ID: paymentsAccount, Name: "Nordhafen Payments", Email: "aws-payments@nordhafen.example",
				ServiceControl: []Denial{{Actions: []string{"*"}, Regions: []string{"us-west-2"}}},
				Keys:           d.paymentsKeys(), Clusters: d.paymentsClusters(),
			},
			{
				ID: platformAccount, Name: "Nordhafen Platform", Email: "aws-platform@nordhafen.example",
				Clusters: d.platformClusters(),
				Users: []User{{
					Name: "security-audit", AccessKey: DemoUser,
					Allow: append(scanActions(), "organizations:Describe*", "organizations:List*", "sts:AssumeRole"),
				}},
			},
		},
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		a.Regions = regions()
		a.PrefixLists = offices()
		a.Roles = append(a.Roles,
			Role{Name: ScanRole, Trust: []string{platformAccount}, Allow: scanActions()},
			Role{Name: RemediationRole, Trust: []string{platformAccount}, Allow: changeActions()})
		reader := roleARN(a.ID, ScanRole)
		if len(a.Users) > 0 {
			reader = "arn:aws:iam::" + a.ID + ":user/" + a.Users[0].Name
		}
		for j := range a.Clusters {
			a.Clusters[j].complete(a.ID, reader)
		}
	}
	return s
}

// complete gives a cluster what every cluster of the demo has.
func (cl *Cluster) complete(account, reader string) {
	id := account + cl.Region + cl.Name
	cl.VPC = "vpc-0" + stableHex(id, 16)
	for i := range 3 {
		cl.Subnets = append(cl.Subnets, "subnet-0"+stableHex(id+string(rune('a'+i)), 16))
	}
	cl.SecurityGroups = []string{"sg-0" + stableHex(id+"additional", 16)}
	cl.ClusterSecurityGroup = "sg-0" + stableHex(id+"cluster", 16)
	cl.Role = cmp.Or(cl.Role, "eks-cluster-"+cl.Name)
	i := slices.IndexFunc(Versions(), func(v Version) bool { return v.Version == cl.Version })
	cl.Platform = Versions()[i].Platform
	for _, v := range Versions()[:i] {
		cl.Insights = append(cl.Insights, Insight{
			Name: "Deprecated APIs removed in Kubernetes v" + v.Version, Status: "PASSING", Reason: "No deprecated API usage detected within the last 30 days.",
			Version: v.Version, Refreshed: AsOf().Add(-3 * time.Hour),
		})
	}
	cl.AccessEntries = append(cl.AccessEntries,
		AccessEntry{Principal: reader, Groups: []string{ReaderGroup}, CreatedAt: cl.CreatedAt},
		AccessEntry{Principal: roleARN(account, RemediationRole), Groups: []string{RemediatorGroup}, CreatedAt: cl.CreatedAt},
		AccessEntry{
			Principal: roleARN(account, "platform-admin"), Policies: []AccessPolicy{{Name: "AmazonEKSClusterAdminPolicy"}}, CreatedAt: cl.CreatedAt,
		})
	if cl.Grants == nil {
		cl.Grants = ReaderGrants()
	}
	cl.Grants = append(cl.Grants, RemediatorGrants()...)
}

// demo builds the clusters out of the published images.
type demo struct{ images *images.Registry }

// content starts writing down what runs in a cluster.
func (d demo) content(account, region, cluster string) *content {
	return &content{
		cluster: account + cluster, region: region, asOf: AsOf(),
		image: func(name string) pulled {
			p := d.images.Image(name)
			home := shopAccount
			switch {
			case strings.HasPrefix(p.Repository, "finance/"):
				home = paymentsAccount
			case strings.HasPrefix(p.Repository, "broken/"):
				home = platformAccount
			}
			host := p.Host(home, frankfurt)
			if p.Registry == images.AddonRegistry {
				host = strings.Replace(host, virginia, region, 1)
			}
			repository := host + "/" + p.Repository
			return pulled{reference: repository + ":" + p.Tag, repository: repository, digest: p.Digest}
		},
	}
}

// system adds the namespaces of every cluster.
func (c *content) system(age time.Duration) {
	c.namespaces(age, "default", "kube-node-lease", "kube-public", "kube-system")
}

// addons adds the pods of the EKS add-ons.
func (c *content) addons(age time.Duration) {
	for _, sa := range []string{"aws-node", "coredns", "kube-proxy"} {
		c.serviceAccount("kube-system", sa, "", age)
	}
	c.daemonSet(workload{
		namespace: "kube-system", name: "aws-node", age: age, serviceAccount: "aws-node", hostNetwork: true,
		uses: []use{{name: "aws-node", image: "eks-vpc-cni"}},
	})
	c.daemonSet(workload{
		namespace: "kube-system", name: "kube-proxy", age: age, serviceAccount: "kube-proxy", hostNetwork: true,
		uses: []use{{name: "kube-proxy", image: "eks-kube-proxy"}},
	})
	c.deployment(workload{
		namespace: "kube-system", name: "coredns", age: age, replicas: min(2, len(c.nodes)), serviceAccount: "coredns",
		uses: []use{{name: "coredns", image: "eks-coredns"}},
	})
}

// addonRows are the same add-ons as EKS lists them.
func addonRows(created time.Time) []Addon {
	return []Addon{
		{Name: "coredns", Version: "v1.10.1-eksbuild.6", CreatedAt: created},
		{Name: "kube-proxy", Version: "v1.31.2-eksbuild.3", CreatedAt: created},
		{Name: "vpc-cni", Version: "v1.18.1-eksbuild.3", CreatedAt: created},
	}
}
