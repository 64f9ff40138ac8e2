package plan

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/trait/endpoint"
)

// CallerSource is where it was read who calls.
type CallerSource string

// The sources. CloudTrail knows who manages a cluster by EKS's API, and not who calls its
// Kubernetes API.
const (
	AuditLog   CallerSource = "audit-log"
	CloudTrail CallerSource = "cloudtrail"
)

// MaxCallerDays is how far callers are looked for: CloudTrail keeps 90 days of events.
const MaxCallerDays = 90

// Call are calls of one user from one address.
type Call struct {
	Address string
	User    string
	// Groups are the user's in Kubernetes; none where they are not known.
	Groups      []string
	Times       int
	First, Last time.Time
}

// Callers are the public addresses that called in some days, as the evidence of a plan that
// lets them in.
type Callers struct {
	Source CallerSource `json:"source"`
	// Place is the log group, or the event history, that was read.
	Place string    `json:"place"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	// Addresses are in order.
	Addresses []Caller `json:"addresses"`
	// Private is how many addresses came by the private path. They need no range.
	Private int `json:"private_addresses,omitempty"`
	// Shut are the addresses that called and are not let in now; a plan that narrows the
	// endpoint leaves them out.
	Shut []string `json:"not_let_in,omitempty"`
	// Cut is how many events were read where there are more: then From is the time of the
	// oldest of them. 0 when all were read.
	Cut int `json:"cut_after_events,omitempty"`
	// Scanned is how many bytes of the log were looked at, which is what CloudWatch bills.
	Scanned int `json:"scanned_bytes,omitempty"`
}

// Caller is one address.
type Caller struct {
	Address string    `json:"address"`
	Calls   int       `json:"calls"`
	First   time.Time `json:"first_seen"`
	Last    time.Time `json:"last_seen"`
	// Users are those who called most; More is how many others there are.
	Users []CallerUser `json:"users"`
	More  int          `json:"more_users,omitempty"`
}

// CallerUser is who called, by the name that the API server or AWS has for them.
type CallerUser struct {
	Name   string   `json:"name"`
	Groups []string `json:"groups,omitempty"`
	Calls  int      `json:"calls"`
}

// maxCallerUsers is how many users of an address a plan names.
const maxCallerUsers = 5

// Gather sorts calls by their addresses. Calls of AWS's own control plane, and those of
// people whom the API server did not know, are no callers.
func (c Callers) Gather(calls []Call) (Callers, error) {
	type caller struct {
		Caller

		users []CallerUser
	}
	found, private := map[netip.Addr]*caller{}, map[netip.Addr]bool{}
	for _, call := range calls {
		if stranger(call.User) || ofAWS(call) {
			continue
		}
		a, err := netip.ParseAddr(call.Address)
		if err != nil {
			return c, fmt.Errorf("%s tells of a call from %q, which is no IP address: %w", c.Place, call.Address, fault.ErrUnavailable)
		}
		a = a.Unmap().WithZone("")
		if a.IsLoopback() || !endpoint.PublicAddress(a.String()) {
			private[a] = true
			continue
		}
		one := found[a]
		if one == nil {
			one = &caller{Caller: Caller{Address: a.String(), First: call.First, Last: call.Last}}
			found[a] = one
		}
		one.Calls += call.Times
		one.First, one.Last = earlier(one.First, call.First), later(one.Last, call.Last)
		i := slices.IndexFunc(one.users, func(u CallerUser) bool { return u.Name == call.User })
		if i < 0 {
			one.users = append(one.users, CallerUser{Name: call.User, Groups: call.Groups})
			i = len(one.users) - 1
		}
		one.users[i].Calls += call.Times
	}
	c.Private, c.Addresses = len(private), make([]Caller, 0, len(found))
	for _, one := range found {
		slices.SortFunc(one.users, func(a, b CallerUser) int {
			return cmp.Or(cmp.Compare(b.Calls, a.Calls), strings.Compare(a.Name, b.Name))
		})
		one.Users, one.More = one.users[:min(len(one.users), maxCallerUsers)], max(0, len(one.users)-maxCallerUsers)
		c.Addresses = append(c.Addresses, one.Caller)
	}
	slices.SortFunc(c.Addresses, func(a, b Caller) int {
		return netip.MustParseAddr(a.Address).Compare(netip.MustParseAddr(b.Address))
	})
	return c, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// stranger is a caller whom the API server did not know: everybody who finds an open
// endpoint is one.
func stranger(user string) bool { return user == "" || user == "system:anonymous" }

// ofAWS tells calls of EKS's own control plane, which does not come by the public endpoint:
// its users in Kubernetes, its service-linked roles, and other services of AWS.
func ofAWS(c Call) bool {
	return strings.HasPrefix(c.User, "eks:") || strings.Contains(c.User, ":assumed-role/AWSServiceRoleFor") || strings.HasSuffix(c.Address, ".amazonaws.com") || c.Address == "AWS Internal"
}

// Days is how long the callers were looked at.
func (c Callers) Days() int { return int(c.To.Sub(c.From).Round(time.Hour).Hours() / 24) }

// Among parts the callers from those that ranges do not let in, which are named in Shut.
func (c Callers) Among(cidrs []string) Callers {
	all := c.Addresses
	c.Addresses, c.Shut = nil, nil
	for _, one := range all {
		if holds(cidrs, netip.MustParseAddr(one.Address)) {
			c.Addresses = append(c.Addresses, one)
			continue
		}
		c.Shut = append(c.Shut, one.Address)
	}
	return c
}

// ranges gives one range for each address.
func (c Callers) ranges() []string {
	list := make([]string, len(c.Addresses))
	for i, one := range c.Addresses {
		list[i] = alone(one.Address)
	}
	return list
}

func alone(address string) string {
	a := netip.MustParseAddr(address)
	return netip.PrefixFrom(a, a.BitLen()).String()
}

// wish are the ranges that let in the callers, and those that are given besides, and
// nobody else. Callers that need more ranges than EKS takes are fault.ErrInvalid.
func (c Callers) wish(given []string) ([]string, error) {
	if len(c.Addresses) == 0 {
		return nil, fmt.Errorf("%s: %w", c.nobody(), fault.ErrInvalid)
	}
	own, err := Ranges(given)
	if err != nil {
		return nil, err
	}
	all := merge(parsed(slices.Concat(own, c.ranges())))
	if len(all) <= maxRanges {
		return texted(all), nil
	}
	widest := slices.MinFunc(all, func(a, b netip.Prefix) int {
		return cmp.Compare(a.Bits()-a.Addr().BitLen(), b.Bits()-b.Addr().BitLen())
	})
	return nil, fmt.Errorf("%d addresses called in %d days; merged as far as that lets nobody else in they are %d CIDR ranges, the widest %s, and EKS takes %d: "+
		"give networks that hold them as ranges of your own besides (--cidr, cidrs), look at fewer days, or use the private endpoint: %w",
		len(c.Addresses), c.Days(), len(all), widest, maxRanges, fault.ErrInvalid)
}

// nobody says that there are no callers to let in.
func (c Callers) nobody() string {
	text := fmt.Sprintf("nobody called from a public address in the %d days until %s (%s)", c.Days(), c.To.Format(time.DateOnly), c.Place)
	switch {
	case len(c.Shut) > 0:
		text = fmt.Sprintf("all that called in %d days do so from addresses that are not let in now: %s", c.Days(), few(c.Shut))
	case c.Private > 0:
		text += fmt.Sprintf(", and %d by the private path", c.Private)
	}
	return text + "; give the ranges yourself, or take option " + optionPrivate
}

// checkCallers is the name of the check whether everybody who calls was seen.
const checkCallers = "callers"

// callersCheck says what the callers do not tell; that is for the approver.
func callersCheck(c Callers) Check {
	text := fmt.Sprintf("%s called in the %d days until %s; who calls more seldom, or has another address by then, would be shut out",
		addresses(len(c.Addresses)), c.Days(), c.To.Format(time.DateOnly))
	if c.Source == CloudTrail {
		text = fmt.Sprintf("the cluster writes no audit log, so that it is not known who calls its Kubernetes API; %s of those who managed it by EKS's API in the %d days until %s stay let in, and everybody else would be shut out",
			addresses(len(c.Addresses)), c.Days(), c.To.Format(time.DateOnly))
	}
	if c.Cut > 0 {
		text += fmt.Sprintf("; there are more than the %d newest events, and who called before %s was not looked at", c.Cut, c.From.Format("2006-01-02 15:04 MST"))
	}
	if first := c.first(); first.Sub(c.From) > 24*time.Hour {
		text += "; nothing was seen before " + first.Format(time.DateOnly)
	}
	if len(c.Shut) > 0 {
		text += fmt.Sprintf("; %s called too, and stays shut out, as it is not let in now", few(c.Shut))
	}
	return Check{checkCallers, Unknown, text}
}

func addresses(n int) string {
	if n == 1 {
		return "1 address"
	}
	return fmt.Sprintf("%d addresses", n)
}

// first is when the first call was seen.
func (c Callers) first() time.Time {
	first := c.To
	for _, one := range c.Addresses {
		first = earlier(first, one.First)
	}
	return first
}
