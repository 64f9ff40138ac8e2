package plan

import (
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/inventory"
)

// endpointChecks looks for who would be locked out, and for who would be let in.
func endpointChecks(s *inventory.Snapshot, c EndpointChoice, n Network, now, wish Endpoint) []Check {
	checks := []Check{operatorCheck(s, c, n, wish), accessCheck(s), nodesCheck(s, n, wish)}
	if wish.Private {
		checks = append(checks, privatePathCheck(s, n))
	}
	if more := beyond(now.CIDRs, wish.CIDRs); wish.Public && now.Public && len(more) > 0 {
		checks = append(checks, Check{"new addresses", Unknown, list(more) + " is let in, and is not now"})
	}
	if c.Callers != nil {
		checks = append(checks, callersCheck(*c.Callers))
	}
	return checks
}

// administrators are the access policies that let somebody mend a cluster.
var administrators = []string{"AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy"}

// accessCheck wants an access entry of somebody who can mend the cluster: the
// identity that made it may be one that nobody has any more.
func accessCheck(s *inventory.Snapshot) Check {
	const name = "access entries"
	switch {
	case s.Gap(inventory.SectionAccess) != nil:
		return Check{name, Unknown, "the access entries could not be read"}
	case s.Cluster.AuthenticationMode == "CONFIG_MAP":
		return Check{name, Unknown, "the cluster keeps who may enter in the ConfigMap aws-auth, which is not read"}
	}
	for _, e := range s.AccessEntries {
		if slices.ContainsFunc(e.Policies, func(p inventory.AccessPolicy) bool {
			return slices.Contains(administrators, p.ARN[strings.LastIndexByte(p.ARN, '/')+1:])
		}) {
			return Check{name, Passed, e.PrincipalARN + " may administer the cluster"}
		}
	}
	if s.Cluster.AuthenticationMode == "API" && !slices.ContainsFunc(s.AccessEntries, func(e inventory.AccessEntry) bool { return e.Type == "STANDARD" }) {
		return Check{name, Failed, "no access entry lets a person or a program in; make one before the endpoint changes (aws eks create-access-entry)"}
	}
	return Check{name, Unknown, "no access entry has an administrator's access policy; who else may mend the cluster is not read"}
}
