package estate

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

func (d demo) paymentsKeys() []Key {
	return []Key{
		{Region: frankfurt, ID: stableUUID("payments-production"), State: "Enabled", CreatedAt: ago(400), Description: "EKS secrets of payments-production"},
		{
			Region: ireland, ID: stableUUID("payments-dr"), State: "PendingDeletion", CreatedAt: ago(400), DeletionDate: ago(-9),
			Description: "EKS secrets of payments-dr",
		},
		{Region: virginia, ID: stableUUID("payments-legacy"), State: "Enabled", CreatedAt: ago(30), Description: "For EKS secrets of payments-legacy"},
		{Region: ireland, ID: stableUUID("ledger"), State: "Enabled", CreatedAt: ago(500), Description: "Owned by the treasury team", Closed: true},
	}
}

func (d demo) paymentsClusters() []Cluster {
	return []Cluster{d.paymentsProduction(), d.paymentsVault(), d.paymentsDR(), d.ledger(), d.paymentsLegacy()}
}

// autoMode starts a cluster on EKS Auto Mode, which runs no add-on pods.
func (d demo) autoMode(cl *Cluster, account string, nodes int) *content {
	cl.AutoMode = true
	c := d.content(account, cl.Region, cl.Name)
	c.addNodes(nodes, machine{
		group: "general-purpose", kubelet: kubelet(cl.Version), os: "Bottlerocket (EKS Auto, Standard) 2026.11.2", arch: "amd64", autoMode: true,
	}, 6*day)
	c.system(AsOf().Sub(cl.CreatedAt))
	return c
}

// paymentsProduction is as it should be. EKS still returns the 0.0.0.0/0 of the
// time when the endpoint was public, which means nothing now.
func (d demo) paymentsProduction() Cluster {
	cl := Cluster{
		Region: frankfurt, Name: "payments-production", Version: "1.36", CreatedAt: ago(390), Private: true, PublicCIDRs: []string{"0.0.0.0/0"},
		Encryption: secretsKey(paymentsAccount, frankfurt, "payments-production"), DeletionProtection: true,
		LogTypes: []string{"api", "audit", "authenticator", "controllerManager", "scheduler"},
		Tags:     map[string]string{"team": "payments", "environment": "production", "pci": "in-scope"},
		Updates: []Update{{
			ID: stableUUID("payments-production-endpoint"), Type: "EndpointAccessUpdate", Status: "Successful", CreatedAt: ago(80),
			Params: map[string]string{"EndpointPublicAccess": "false", "EndpointPrivateAccess": "true"},
		}},
	}
	c := d.autoMode(&cl, paymentsAccount, 3)
	c.namespaces(390*day, "portal")
	portal := workload{namespace: "portal", name: "portal", replicas: 3, age: 9 * day, port: 8080, uses: []use{{name: "portal", image: "static-site"}}}
	c.deployment(portal)
	c.balancer(portal, "internal")
	cl.Objects = c.objects
	return cl
}

// paymentsVault has a private endpoint that cannot be reached from here.
func (d demo) paymentsVault() Cluster {
	return Cluster{
		Region: frankfurt, Name: "payments-vault", Version: "1.35", CreatedAt: ago(210), Private: true, PublicCIDRs: []string{},
		LogTypes: []string{"audit"}, Unreachable: true, Tags: map[string]string{"team": "payments", "environment": "production"},
		Addons: addonRows(ago(210)),
		NodeGroups: []NodeGroup{{
			Name: "vault", Version: "1.35", Release: "1.35.2-20261109", AMIType: "BOTTLEROCKET_x86_64", InstanceTypes: []string{"c7i.large"},
			Desired: 3, Role: "eks-node-payments-vault", CreatedAt: ago(210), Min: 3, Max: 6, DiskSize: 50,
			Labels: map[string]string{"dedicated": "vault"}, Taints: []Taint{{Key: "dedicated", Value: "vault", Effect: "NO_SCHEDULE"}},
		}},
	}
}

// paymentsDR is encrypted under a key that will be gone in nine days, and the
// cluster's secrets with it.
func (d demo) paymentsDR() Cluster {
	cl := Cluster{
		Region: ireland, Name: "payments-dr", Version: "1.36", CreatedAt: ago(380), Private: true,
		Encryption: secretsKey(paymentsAccount, ireland, "payments-dr"), Tags: map[string]string{"team": "payments", "environment": "dr"},
	}
	c := d.autoMode(&cl, paymentsAccount, 1)
	c.namespaces(380*day, "portal")
	c.deployment(workload{namespace: "portal", name: "portal", replicas: 1, age: 9 * day, port: 8080, uses: []use{{name: "portal", image: "static-site"}}})
	cl.Objects = c.objects
	return cl
}

// ledger runs software on an operating system past its end of life, and its key
// belongs to a team that lets nobody look.
func (d demo) ledger() Cluster {
	cl := Cluster{
		Region: ireland, Name: "ledger", Version: "1.32", CreatedAt: ago(500), Public: true, Private: true, PublicCIDRs: []string{"198.51.100.0/24", "203.0.113.0/25"},
		Encryption: secretsKey(paymentsAccount, ireland, "ledger"), Addons: addonRows(ago(480)),
		Tags: map[string]string{"team": "finance", "environment": "production"},
	}
	c := d.content(paymentsAccount, ireland, cl.Name)
	c.nodeGroup(&cl, "general", "1.32", 2)
	c.system(500 * day)
	c.addons(480 * day)
	c.namespaces(500*day, "erp", "reports", "observability")
	erp := workload{namespace: "erp", name: "erp", replicas: 1, age: 330 * day, port: 8080, uses: []use{{name: "erp", image: "legacy-erp"}}}
	c.statefulSet(erp)
	c.service(erp, corev1.ServiceTypeClusterIP)
	c.deployment(workload{namespace: "reports", name: "reports", replicas: 1, age: 40 * day, port: 8000, uses: []use{{name: "reports", image: "reports"}}})
	c.daemonSet(workload{namespace: "observability", name: "agent", age: 40 * day, uses: []use{{name: "agent", image: "agent"}}})
	cl.Objects = c.objects
	return cl
}

// paymentsLegacy was forgotten: past extended support, secrets not encrypted,
// and with an empty list of CIDRs, which to AWS means open.
func (d demo) paymentsLegacy() Cluster {
	cl := Cluster{
		Region: virginia, Name: "payments-legacy", Version: "1.27", CreatedAt: ago(1100), Public: true, PublicCIDRs: []string{},
		AuthenticationMode: "API_AND_CONFIG_MAP", Encryption: []Encryption{}, Managed: legacyCalls(),
	}
	c := d.content(paymentsAccount, virginia, cl.Name)
	c.runtime = "docker-pullable://"
	c.nodeGroup(&cl, "workers", "1.27", 2)
	c.system(1100 * day)
	c.namespaces(1000*day, "gateway")
	gateway := workload{namespace: "gateway", name: "gateway", replicas: 2, age: 400 * day, port: 8000, uses: []use{{name: "gateway", image: "debian-12"}}}
	c.deployment(gateway)
	c.service(gateway, corev1.ServiceTypeClusterIP)
	for _, name := range []string{"acquirer-credentials", "gateway-tls", "sh.helm.release.v1.gateway.v7"} {
		c.add(&corev1.Secret{ObjectMeta: c.meta("gateway", name, 300*day), Type: corev1.SecretTypeOpaque, Data: map[string][]byte{"value": []byte(stableHex(name, 32))}})
	}
	cl.Objects = c.objects
	return cl
}

func (d demo) platformClusters() []Cluster {
	return []Cluster{d.platformTools(), d.platformSandbox(), d.platformBuild()}
}

// platformTools may be read only in part: its ClusterRole was written by hand and
// forgot ingresses. Some of its images cannot be read at all.
func (d demo) platformTools() Cluster {
	cl := Cluster{
		Region: frankfurt, Name: "platform-tools", Version: "1.36", CreatedAt: ago(170), Public: true, Private: true, PublicCIDRs: []string{"203.0.113.7/32"},
		LogTypes: []string{"audit"}, Tags: map[string]string{"team": "platform"},
		Grants: slices.DeleteFunc(ReaderGrants(), func(g Grant) bool { return g.APIGroups[0] == "networking.k8s.io" }),
	}
	c := d.autoMode(&cl, platformAccount, 2)
	c.namespaces(170*day, "tools")
	c.deployment(workload{namespace: "tools", name: "wiki", replicas: 1, age: 20 * day, port: 8080, uses: []use{{name: "wiki", image: "debian-12"}}})
	for _, broken := range []string{"missing", "bomb", "truncated"} {
		c.deployment(workload{namespace: "tools", name: "vendor-" + broken, replicas: 1, age: 15 * day, uses: []use{{name: "main", image: broken}}})
	}
	cl.Objects = c.objects
	return cl
}

// platformSandbox is clean, and so fresh that nothing but its system runs.
func (d demo) platformSandbox() Cluster {
	cl := Cluster{
		Region: ireland, Name: "platform-sandbox", Version: "1.36", CreatedAt: ago(3), Private: true, LogTypes: []string{"audit"},
		Tags: map[string]string{"team": "platform", "environment": "sandbox"},
	}
	c := d.autoMode(&cl, platformAccount, 1)
	c.namespaces(3*day, "hello")
	c.deployment(workload{namespace: "hello", name: "hello", replicas: 1, age: 2 * day, port: 8080, uses: []use{{name: "hello", image: "static-site"}}})
	cl.Objects = c.objects
	return cl
}

// platformBuild has small worries only: an endpoint for one address, a status
// page on the port of self-managed nodes with public addresses, and a job that
// used an old tool image.
func (d demo) platformBuild() Cluster {
	cl := Cluster{
		Region: virginia, Name: "platform-build", Version: "1.35", CreatedAt: ago(200), Public: true, PublicCIDRs: []string{"203.0.113.9/32"},
		LogTypes: []string{"audit"}, Tags: map[string]string{"team": "platform"},
	}
	c := d.content(platformAccount, virginia, cl.Name)
	c.addNodes(2, machine{group: "self-managed", kubelet: kubelet("1.35"), os: amazonLinux, arch: "amd64", external: true}, 30*day)
	c.system(200 * day)
	c.namespaces(200*day, "ci")
	status := workload{namespace: "ci", name: "status", replicas: 2, age: 3 * day, port: 8080, uses: []use{{name: "status", image: "static-site"}}}
	c.deployment(status)
	c.service(status, corev1.ServiceTypeNodePort)
	c.job(workload{namespace: "ci", name: "nightly", age: day, uses: []use{{name: "build", image: "alpine-3.12"}}}, "0 3 * * *")
	cl.Objects = c.objects
	return cl
}
