package estate

import (
	"cmp"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const amazonLinux = "Amazon Linux 2023.9.20261109"

// ago is a time before the demo's day.
func ago(days int) time.Time { return AsOf().AddDate(0, 0, -days) }

// kubelet is the version of EKS nodes of a minor release.
func kubelet(minor string) string {
	for _, v := range Versions() {
		if v.Version == minor {
			return "v" + v.Patch + "-eks-" + stableHex(minor, 7)
		}
	}
	return "v" + minor + ".0"
}

// nodeGroup adds a managed node group of a version, and its nodes.
func (c *content) nodeGroup(cl *Cluster, name, version string, n int) {
	cl.NodeGroups = append(cl.NodeGroups, NodeGroup{
		Name: name, Version: version, Release: version + ".2-20261109", AMIType: "AL2023_x86_64_STANDARD",
		InstanceTypes: []string{"m7i.large"}, Desired: n, Role: "eks-node-" + cl.Name, CreatedAt: cl.CreatedAt,
	})
	c.addNodes(n, machine{group: name, kubelet: kubelet(version), os: amazonLinux, arch: "amd64"}, 40*day)
}

func (d demo) shopKeys() []Key {
	return []Key{
		{Region: frankfurt, ID: stableUUID("shop-production"), State: "Enabled", CreatedAt: ago(900), Description: "EKS secrets of shop-production"},
		{Region: frankfurt, ID: stableUUID("shop-staging"), State: "Disabled", CreatedAt: ago(700), Description: "EKS secrets of shop-staging"},
	}
}

// secretsKey is an encryptionConfig that names a key made for a cluster.
func secretsKey(account, region, cluster string) []Encryption {
	return []Encryption{{Resources: []string{"secrets"}, KeyARN: "arn:aws:kms:" + region + ":" + account + ":key/" + stableUUID(cluster)}}
}

func (d demo) shopClusters() []Cluster {
	return []Cluster{d.shopProduction(), d.shopStaging(), d.shopPreview(), d.shopUS()}
}

// shopProduction is the worst of all: a search service with Log4Shell behind an
// internet-facing load balancer. Its version has 8 days of standard support left.
func (d demo) shopProduction() Cluster {
	cl := Cluster{
		Region: frankfurt, Name: "shop-production", Version: "1.34", CreatedAt: ago(880), Public: true, Private: true,
		PublicCIDRs: []string{"0.0.0.0/0"}, Encryption: secretsKey(shopAccount, frankfurt, "shop-production"),
		LogTypes: []string{"api", "audit", "authenticator"}, Calls: shopCalls(), DeletionProtection: true, Addons: addonRows(ago(300)),
		Tags: map[string]string{"team": "shop", "environment": "production", "cost-center": "4711"},
		PodIdentities: []PodIdentity{
			{ID: "a-" + stableHex("cart", 17), Namespace: "shop", ServiceAccount: "cart", Role: "shop-cart", CreatedAt: ago(200)},
		},
		Updates: []Update{
			{
				ID: stableUUID("shop-production-1.34"), Type: "VersionUpdate", Status: "Successful", CreatedAt: ago(120),
				Params: map[string]string{"Version": "1.34", "PlatformVersion": "eks.14"},
			},
			{
				ID: stableUUID("shop-production-logging"), Type: "LoggingUpdate", Status: "Successful", CreatedAt: ago(400),
				Params: map[string]string{"ClusterLogging": `{"clusterLogging":[{"types":["api","audit","authenticator"],"enabled":true}]}`},
			},
		},
	}
	c := d.content(shopAccount, frankfurt, cl.Name)
	c.nodeGroup(&cl, "general", "1.34", 3)
	c.nodeGroup(&cl, "batch", "1.33", 1)
	c.system(880 * day)
	c.addons(300 * day)
	c.namespaces(800*day, "shop", "jobs")
	c.serviceAccount("shop", "cart", "", 800*day)
	c.serviceAccount("shop", "search", roleARN(shopAccount, "shop-search-index"), 800*day)
	web := workload{namespace: "shop", name: "web", replicas: 3, age: 12 * day, port: 3000, uses: []use{{name: "web", image: "shop-web"}}}
	search := workload{
		namespace: "shop", name: "search", replicas: 2, age: 60 * day, port: 8080, serviceAccount: "search",
		uses: []use{{name: "search", image: "shop-search"}, {name: "agent", image: "agent"}},
	}
	cart := workload{
		namespace: "shop", name: "cart", replicas: 2, age: 12 * day, port: 3000, serviceAccount: "cart",
		uses: []use{{name: "migrate", image: "debian-12", init: true}, {name: "cart", image: "shop-cart"}},
	}
	payments := workload{namespace: "shop", name: "payments", replicas: 2, age: 30 * day, port: 8443, uses: []use{{name: "payments", image: "shop-payments"}}}
	old := workload{namespace: "shop", name: "catalog-v1", age: 200 * day, port: 3000, uses: []use{{name: "catalog", image: "shop-catalog"}}}
	for _, w := range []workload{web, search, cart, payments, old} {
		c.deployment(w)
	}
	c.balancer(web, "internet-facing")
	c.service(search, corev1.ServiceTypeClusterIP)
	c.service(cart, corev1.ServiceTypeClusterIP)
	c.balancer(payments, "internal")
	c.ingress("shop", "shop", "shop.nordhafen.example", "internet-facing", 300*day, "search", "cart")
	c.job(workload{namespace: "jobs", name: "reindex", age: 6 * time.Hour, uses: []use{{name: "reindex", image: "debian-11"}}}, "0 6 * * *")
	c.statefulSet(workload{namespace: "shop", name: "session-store", replicas: 2, age: 90 * day, port: 6379, uses: []use{{name: "store", image: "debian-12"}}})
	cl.Objects = c.objects
	return cl
}

// shopStaging is open to everybody by two halves of the internet, in extended
// support, with a disabled key and a rollout under way. A disruption budget lets none of
// its pods go, and keeps nodes from being replaced.
func (d demo) shopStaging() Cluster {
	cl := Cluster{
		Region: frankfurt, Name: "shop-staging", Version: "1.33", CreatedAt: ago(650), Public: true,
		PublicCIDRs: []string{"0.0.0.0/1", "128.0.0.0/1"}, Encryption: secretsKey(shopAccount, frankfurt, "shop-staging"),
		Addons: addonRows(ago(200)), Tags: map[string]string{"team": "shop", "environment": "staging"},
	}
	c := d.content(shopAccount, frankfurt, cl.Name)
	c.nodeGroup(&cl, "general", "1.32", 2)
	c.system(650 * day)
	c.addons(200 * day)
	c.namespaces(600*day, "shop")
	catalog := workload{namespace: "shop", name: "catalog", replicas: 2, age: 2 * day, port: 3000, uses: []use{{name: "catalog", image: "shop-catalog"}}}
	c.deployment(catalog)
	c.ingress("shop", "staging", "staging.nordhafen.example", "internal", 300*day, "catalog")
	c.service(catalog, corev1.ServiceTypeClusterIP)
	c.deployment(
		workload{namespace: "shop", name: "importer", replicas: 1, age: time.Hour, uses: []use{{name: "importer", image: "debian-12"}}},
		workload{replicas: 1, age: 30 * day, uses: []use{{name: "importer", image: "debian-11"}}},
	)
	c.objects = append(c.objects, Budget("shop", "catalog", 0))
	cl.Objects = c.objects
	return cl
}

// shopPreview is not needed: no nodes, and nothing has run for half a year. Its
// extended support ends in two days, and something asks for an API that the next
// version has no more.
func (d demo) shopPreview() Cluster {
	cl := Cluster{
		Region: ireland, Name: "shop-preview", Version: "1.31", CreatedAt: ago(700), Public: true, PublicCIDRs: []string{"0.0.0.0/0"},
		Tags: map[string]string{"team": "shop", "environment": "preview"},
		NodeGroups: []NodeGroup{{
			Name: "spot", Version: "1.31", Release: "1.31.2-20250403", AMIType: "AL2023_x86_64_STANDARD", Capacity: "SPOT",
			InstanceTypes: []string{"m6i.large"}, Role: "eks-node-shop-preview", CreatedAt: ago(700), Max: 4,
			Labels: map[string]string{"capacity": "spot"}, Taints: []Taint{{Key: "spot", Effect: "PREFER_NO_SCHEDULE"}},
		}},
		Deprecated: []DeprecatedAPI{{Group: "flowcontrol.apiserver.k8s.io", Version: "v1beta3", Resource: "flowschemas", RemovedIn: "1.32"}},
	}
	c := d.content(shopAccount, ireland, cl.Name)
	c.system(700 * day)
	c.namespaces(600*day, "preview")
	c.deployment(workload{namespace: "preview", name: "web", age: 210 * day, uses: []use{{name: "web", image: "shop-web"}}})
	c.job(workload{namespace: "preview", name: "seed", age: 205 * day, uses: []use{{name: "seed", image: "debian-11"}}}, "")
	cl.Objects = c.objects
	return cl
}

// shopUS is a dual-stack cluster on Fargate, open to the whole of IPv6, with the
// Gateway API.
func (d demo) shopUS() Cluster {
	cl := Cluster{
		Region: virginia, Name: "shop-us", Version: "1.35", CreatedAt: ago(240), Public: true, Private: true, IPv6: true,
		PublicCIDRs: []string{"::/0", "203.0.113.0/24"}, LogTypes: []string{"audit"},
		Tags:            map[string]string{"team": "shop", "environment": "production"},
		FargateProfiles: []FargateProfile{{Name: "site", Role: "eks-fargate-shop-us", Namespaces: []string{"site"}, CreatedAt: ago(240)}},
	}
	c := d.content(shopAccount, virginia, cl.Name)
	c.system(240 * day)
	c.namespaces(240*day, "site")
	c.addNodes(2, machine{group: "site", kubelet: kubelet("1.35"), os: amazonLinux, arch: "amd64", fargate: true}, 20*day)
	site := workload{namespace: "site", name: "site", replicas: 2, age: 20 * day, port: 8080, uses: []use{{name: "site", image: "static-site"}}}
	c.deployment(site)
	c.service(site, corev1.ServiceTypeClusterIP)
	c.gateway("site", "public", "us.nordhafen.example", "site", 240*day)
	cl.Objects = c.objects
	return cl
}

// shopImageFindings is what Amazon Inspector, which the account has enabled, says of
// the search service's image.
func (d demo) shopImageFindings() []ImageFinding {
	search := d.images.Image("shop-search")
	digest := cmp.Or(search.Manifests["linux/amd64"], search.Digest)
	about := func(id, title, severity string, packages ...FoundPackage) ImageFinding {
		return ImageFinding{
			Region: "eu-central-1", Repository: search.Repository, Digest: digest, Platform: "DEBIAN_11", Vulnerability: id, Title: title, Severity: severity,
			Packages: packages, LastSeen: AsOf().Add(-6 * time.Hour), Clusters: []string{"shop-production"},
		}
	}
	log4shell := about("CVE-2021-44228", "CVE-2021-44228 - org.apache.logging.log4j:log4j-core", "CRITICAL",
		FoundPackage{Name: "org.apache.logging.log4j:log4j-core", Version: "2.14.1", Manager: "JAR", Path: "opt/search/lib/log4j-core-2.14.1.jar", FixedIn: "2.15.0"})
	log4shell.Vector, log4shell.Score, log4shell.EPSS, log4shell.Exploit = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10, 0.97, true
	expat := about("CVE-2024-45491", "CVE-2024-45491 - expat", "UNTRIAGED", FoundPackage{Name: "expat", Version: "2.2.10", Release: "2", Manager: "OS"})
	return []ImageFinding{log4shell, expat}
}
