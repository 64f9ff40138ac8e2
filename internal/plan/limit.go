package plan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
	workload "github.com/eksposure/eksposure/internal/trait/internetreachableworkload"
)

// LimitWork is what a plan about who may connect is drafted from.
type LimitWork struct {
	Snapshot *inventory.Snapshot
	// Evidence are the ways in that contribute.
	Evidence []exposure.Evidence
	// CIDRs are who may connect, as LimitRanges gives them.
	CIDRs []string
	// Operator is an address that shall stay let in; the zero address when none was named.
	Operator netip.Addr
	// Ways are the objects of Fronts as they are now.
	Ways map[WayRef]WayIn
}

// Checks of plans about who may connect.
const (
	checkWays        = "ways in"
	checkControllers = "controllers"
	checkRules       = "security group rules"
)

// Amazon VPC quotas: inbound rules of a security group, for IPv4 and for IPv6 each, and
// what the quota can be raised to.
const (
	usualRules = 60
	mostRules  = 1000
)

// LimitRanges reads CIDR ranges and merges those that touch. Those of private addresses
// are as good as others, as a load balancer is reached from its VPC, too. A range that
// is none, or ranges that are as good as everybody by the policy, are fault.ErrInvalid.
func LimitRanges(texts []string, p exposure.Policy) ([]string, error) {
	var all []netip.Prefix
	for _, text := range texts {
		r, err := prefixOf(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	cidrs := texted(merge(all))
	public := slices.DeleteFunc(slices.Clone(cidrs), endpoint.PrivateRange)
	if set, _ := endpoint.Parse(public); set.Open(p) {
		return nil, fmt.Errorf("who connects from %s is as good as everybody (open %s), so that nothing would change; name narrower ranges: %w", list(public), endpoint.OpenFrom(p), fault.ErrInvalid)
	}
	return cidrs, nil
}

// Fronts are the Services and Ingresses whose load balancers the ways in go through, in
// order.
func Fronts(evidence []exposure.Evidence) []WayRef {
	var refs []WayRef
	for _, e := range evidence {
		if ref, ok := frontOf(e); ok && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b WayRef) int { return strings.Compare(a.String(), b.String()) })
	return refs
}

// frontOf is what has the load balancer of a way in: the Service of its controller, or
// the object itself.
func frontOf(e exposure.Evidence) (WayRef, bool) {
	if !workload.Balanced(e) || len(e.Via) == 0 {
		return WayRef{}, false
	}
	ref := WayOf(e.Via[0])
	return ref, ref.Kind == KindService || ref.Kind == KindIngress
}

// DraftLimit gives an action for each load balancer that can be limited to the ranges, and
// notes about all else that leads in from the internet.
func DraftLimit(w LimitWork) (actions []Action, checks []Check, notes []string) {
	var limited []WayRef
	for _, ref := range Fronts(w.Evidence) {
		a, more := w.action(ref)
		notes = append(notes, more...)
		if a.Title != "" {
			actions, limited = append(actions, a), append(limited, ref)
		}
	}
	for _, e := range w.Evidence {
		if _, ok := frontOf(e); !ok {
			notes = append(notes, otherWay(e))
		}
	}
	if len(actions) == 0 {
		return nil, []Check{{checkWays, Failed, "no way in can be limited by a plan; the notes say what to do about each"}}, notes
	}
	if w.Operator.IsValid() {
		checks = append(checks, w.operatorCheck())
	}
	return actions, append(checks,
		Check{checkCallers, Unknown, "who connects now, and would be shut out, is not known: access logs of load balancers are not read"},
		w.rulesCheck(limited),
		Check{checkControllers, Unknown, "whether the security groups follow is not visible in the cluster: a Network Load Balancer that was made without one takes none later, and parameters of an ingress class may set ranges that count instead"},
	), notes
}

func (w LimitWork) operatorCheck() Check {
	a := w.Operator.Unmap()
	if holds(w.CIDRs, a) {
		return Check{checkOperator, Passed, fmt.Sprintf("requests from %s stay let in", a)}
	}
	return Check{checkOperator, Failed, fmt.Sprintf("requests from %s would be shut out; add %s/%d, or name another address", a, a, a.BitLen())}
}

// action limits one load balancer. Notes say why it does not, and what to know about it.
func (w LimitWork) action(ref WayRef) (Action, []string) {
	now, known := w.Ways[ref]
	if !known {
		return Action{}, []string{fmt.Sprintf("%s is not there any more; scan again.", ref)}
	}
	heeds, why := now.heeds()
	cidrs := now.takes(w.CIDRs)
	switch {
	case now.Owner != "":
		return Action{}, []string{fmt.Sprintf("%s is made by %s, which would set its source ranges back: name them there.", ref, now.Owner)}
	case !heeds:
		return Action{}, []string{fmt.Sprintf("%s is left as it is: %s.", ref, why)}
	case len(cidrs) == 0:
		return Action{}, []string{fmt.Sprintf("%s is left as it is: its load balancer has IPv4 addresses alone, and all ranges are of IPv6.", ref)}
	case now.Sources().equal(Sources{CIDRs: cidrs}):
		return Action{}, []string{fmt.Sprintf("%s lets in exactly these ranges already; scan again.", ref)}
	}
	if other := w.conflict(now, cidrs); other != "" {
		return Action{}, []string{fmt.Sprintf("%s is left as it is: %s shares its load balancer (annotation group.name) and names other source ranges, which the controller refuses; name the same ones on both.", ref, other)}
	}
	return now.limit(w.Snapshot.Cluster.Ref, ref, cidrs), w.about(ref, now, cidrs)
}

// about says what to know about an object that is limited.
func (w LimitWork) about(ref WayRef, now WayIn, cidrs []string) []string {
	var notes []string
	if len(cidrs) < len(w.CIDRs) {
		notes = append(notes, fmt.Sprintf("%s gets no IPv6 ranges: its load balancer has IPv4 addresses alone.", ref))
	}
	if now.Service != nil {
		if other := workload.AnnotatedRanges(now.Service); len(other) > 0 {
			notes = append(notes, fmt.Sprintf("The annotation load-balancer-source-ranges of %s (%s) counts for nothing once spec.loadBalancerSourceRanges has ranges.", ref, list(other)))
		}
	}
	if now.Manager != "" {
		notes = append(notes, fmt.Sprintf("%s is applied by %s, which may set its source ranges back: name them there, too.", ref, now.Manager))
	}
	return notes
}

// conflict names an ingress of the same group that has other ranges and is not changed.
func (w LimitWork) conflict(now WayIn, cidrs []string) string {
	if now.Ingress == nil || workload.IngressGroup(now.Ingress) == "" {
		return ""
	}
	for i := range w.Snapshot.Ingresses {
		in := &w.Snapshot.Ingresses[i]
		other := WayRef{in.Namespace, KindIngress, in.Name}
		has := Sources{CIDRs: workload.InboundCIDRs(in)}
		if w.changes(other) || workload.IngressGroup(in) != workload.IngressGroup(now.Ingress) {
			continue
		}
		if len(has.CIDRs) > 0 && !has.equal(Sources{CIDRs: cidrs}) {
			return other.String()
		}
	}
	return ""
}

// changes reports whether an object is to get the ranges.
func (w LimitWork) changes(ref WayRef) bool {
	now, known := w.Ways[ref]
	if !known || now.Owner != "" {
		return false
	}
	heeds, _ := now.heeds()
	return heeds
}

// rulesCheck counts the security group rules of the load balancer that takes most.
func (w LimitWork) rulesCheck(limited []WayRef) Check {
	most, at := 0, ""
	for _, ref := range limited {
		now := w.Ways[ref]
		ipv6 := 0
		cidrs := now.takes(w.CIDRs)
		for _, c := range cidrs {
			if strings.Contains(c, ":") {
				ipv6++
			}
		}
		if n := now.rules() * max(ipv6, len(cidrs)-ipv6); n > most {
			most, at = n, ref.String()
		}
	}
	text := fmt.Sprintf("of the rules for IPv4, or of those for IPv6, one for each port and range, %s takes %d", at, most)
	switch {
	case most > mostRules:
		return Check{checkRules, Failed, fmt.Sprintf("%s, and a security group never has more than %d; name fewer and wider ranges", text, mostRules)}
	case most > usualRules:
		return Check{checkRules, Unknown, fmt.Sprintf("%s, and a security group has %d unless the quota was raised, which is not read", text, usualRules)}
	}
	return Check{checkRules, Passed, fmt.Sprintf("%s, and a security group has %d", text, usualRules)}
}

// otherWay says what to do about a way in that has no load balancer with source ranges.
func otherWay(e exposure.Evidence) string {
	ref := WayOf(e.Resource)
	if !workload.Balanced(e) {
		return fmt.Sprintf("%s is a node port or an external IP, which has no source ranges: close it (option close), or limit it in the security groups of the nodes.", ref)
	}
	return fmt.Sprintf("%s is limited where its controller is set up: the ranges of its load balancer are in no Service and no Ingress.", ref)
}
