package estate

import "time"

// lately spreads calls over the four weeks before the day of the demo.
func lately(c KubeCalls) KubeCalls {
	c.First, c.Last = ago(28), AsOf().Add(-time.Hour)
	return c
}

// shopCalls are those of shop-production's Kubernetes API: of its developers, its pipeline
// and its nodes, and of strangers who found the open endpoint.
func shopCalls() []KubeCalls {
	session := func(role, name string) string {
		return "arn:aws:sts::" + shopAccount + ":assumed-role/" + role + "/" + name
	}
	vpn := lately(KubeCalls{Sources: []string{"198.51.100.7"}, User: session("platform-admin", "bo"), Groups: []string{"platform-admins", "system:authenticated"}, Times: 12})
	vpn.First = ago(9)
	return []KubeCalls{
		lately(KubeCalls{Sources: []string{"203.0.113.7"}, User: session("developer", "ann"), Groups: []string{"shop-developers", "system:authenticated"}, Times: 420}),
		lately(KubeCalls{Sources: []string{"203.0.113.7"}, User: session("developer", "cem"), Groups: []string{"shop-developers", "system:authenticated"}, Times: 63}),
		lately(KubeCalls{Sources: []string{"203.0.113.8"}, User: session("deploy", "pipeline"), Groups: []string{"shop-deployers", "system:authenticated"}, Times: 310}),
		lately(KubeCalls{Sources: []string{"203.0.113.9"}, User: session("deploy", "pipeline"), Groups: []string{"shop-deployers", "system:authenticated"}, Times: 290}),
		vpn,
		// A caller may write what he likes into X-Forwarded-For.
		lately(KubeCalls{Sources: []string{"192.0.2.99", "203.0.113.7"}, User: session("developer", "ann"), Groups: []string{"shop-developers", "system:authenticated"}, Times: 3}),
		lately(KubeCalls{Sources: []string{"10.0.12.31"}, User: "system:node:ip-10-0-12-31.eu-central-1.compute.internal", Groups: []string{"system:nodes", "system:authenticated"}, Times: 200}),
		lately(KubeCalls{Sources: []string{"10.0.7.9"}, User: "eks:addon-manager", Groups: []string{"system:authenticated"}, Times: 80}),
		lately(KubeCalls{Sources: []string{"192.0.2.66"}, User: "system:anonymous", Groups: []string{"system:unauthenticated"}, Code: 403, Times: 150}),
		lately(KubeCalls{Sources: []string{"192.0.2.67"}, Code: 401, Times: 90}),
	}
}

// legacyCalls are those of EKS's API about payments-legacy, which writes no audit log.
func legacyCalls() []EKSCalls {
	session := func(role, name string) string {
		return "arn:aws:sts::" + paymentsAccount + ":assumed-role/" + role + "/" + name
	}
	list := []EKSCalls{
		{Event: "DescribeCluster", Principal: session("platform-admin", "bo"), Source: "203.0.113.7", Times: 40},
		{Event: "ListNodegroups", Principal: session("monitoring", "agent"), Source: "198.51.100.7", Times: 60},
		{Event: "DescribeCluster", Principal: session("monitoring", "agent"), Source: "10.1.4.20", Times: 5},
		{Event: "UpdateClusterConfig", Principal: session("intern", "dee"), Source: "192.0.2.68", Error: "AccessDenied", Times: 2},
		{Event: "DescribeCluster", Source: "autoscaling.amazonaws.com", Times: 20},
	}
	for i := range list {
		list[i].First, list[i].Last = ago(27), AsOf().Add(-2*time.Hour)
	}
	return list
}
