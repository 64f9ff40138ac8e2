package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

var production = inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-central-1", Name: "shop-production"}

// calling gives a client that scans the estate with the rights of scanning and of looking
// for callers but one, and a cluster as it is described.
func calling(t *testing.T, ref inventory.ClusterRef, without string, limit time.Duration, change func(*estate.Cluster)) (*estate.Estate, *cloud.Client, *inventory.Snapshot) {
	t.Helper()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	s := estate.Demo(published)
	for i := range s.Accounts {
		for j := range s.Accounts[i].Roles {
			s.Accounts[i].Roles[j].Allow = slices.DeleteFunc(exactly(cloud.ScopeAccount, cloud.ScopeCallers), func(action string) bool { return action == without })
		}
	}
	if change != nil {
		change(s.Cluster(ref.Name))
	}
	e := enter(t, estate.Config{Scenario: s, Images: published, Now: time.Now})
	c, err := cloud.New(t.Context(), cloud.Config{RoleName: estate.ScanRole, Attempts: 1, Now: estate.AsOf, CallTimeout: limit})
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.Describe(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return e, c, now
}

// The audit log tells who called: not who was refused, not what a caller says of himself,
// and not the control plane.
func TestCallersOfTheAuditLog(t *testing.T) {
	_, c, now := calling(t, production, "", 0, nil)
	got, err := c.Callers(t.Context(), now, 30)
	if err != nil {
		t.Fatal(err)
	}
	if got.Scanned == 0 || got.Days() != 30 || !got.To.Equal(estate.AsOf()) {
		t.Errorf("%+v", got)
	}
	role := func(name string) string { return "arn:aws:sts::111122223333:assumed-role/" + name }
	user := func(name, group string, calls int) plan.CallerUser {
		return plan.CallerUser{Name: role(name), Groups: []string{group}, Calls: calls}
	}
	from, last := estate.AsOf().AddDate(0, 0, -28), estate.AsOf().Add(-time.Hour)
	one := func(address string, calls int, users ...plan.CallerUser) plan.Caller {
		return plan.Caller{Address: address, Calls: calls, First: from, Last: last, Users: users}
	}
	vpn := one("198.51.100.7", 12, user("platform-admin/bo", "platform-admins", 12))
	vpn.First = estate.AsOf().AddDate(0, 0, -9)
	want := plan.Callers{
		Source: plan.AuditLog, Place: "log group /aws/eks/shop-production/cluster", From: got.From, To: got.To, Scanned: got.Scanned, Private: 1,
		Addresses: []plan.Caller{
			vpn,
			one("203.0.113.7", 486, user("developer/ann", "shop-developers", 423), user("developer/cem", "shop-developers", 63)),
			one("203.0.113.8", 310, user("deploy/pipeline", "shop-deployers", 310)),
			one("203.0.113.9", 290, user("deploy/pipeline", "shop-deployers", 290)),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if short, err := c.Callers(t.Context(), now, 1); err != nil || len(short.Addresses) == 0 || short.Addresses[len(short.Addresses)-1].Calls >= 290/20 {
		t.Errorf("of one day: %+v, %v", short, err)
	}
}

// Without an audit log CloudTrail tells who manages the cluster.
func TestCallersOfCloudTrail(t *testing.T) {
	for name, log := range map[string][]string{"no audit log": nil, "it was just switched on": {"audit"}} {
		t.Run(name, func(t *testing.T) {
			e, c, now := calling(t, legacy, "", 0, nil)
			if log != nil {
				now.Cluster.Logging = []inventory.LogSetup{{Types: log, Enabled: true}}
			}
			got, err := c.Callers(t.Context(), now, 30)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, a := range got.Addresses {
				found = append(found, fmt.Sprint(a.Address, " ", a.Calls, " ", a.Users[0].Name))
			}
			want := []string{
				"198.51.100.7 60 arn:aws:sts::444455556666:assumed-role/monitoring/agent",
				"203.0.113.7 40 arn:aws:sts::444455556666:assumed-role/platform-admin/bo",
			}
			if diff := cmp.Diff(want, found); diff != "" || got.Source != plan.CloudTrail || got.Private != 1 {
				t.Errorf("%+v (-want +got):\n%s", got, diff)
			}
			if asked := slices.Contains(e.Actions(), "logs:StartQuery"); asked != (log != nil) {
				t.Errorf("the log was asked: %t", asked)
			}
		})
	}
}

// Without one of the rights it is said which is missing, and a query that takes too long is
// stopped.
func TestCallersWithoutARight(t *testing.T) {
	for _, p := range cloud.Permissions() {
		if p.Scope != cloud.ScopeCallers {
			continue
		}
		t.Run(p.Action, func(t *testing.T) {
			ref, limit := production, time.Duration(0)
			switch p.Action {
			case "cloudtrail:LookupEvents":
				ref = legacy
			case "logs:StopQuery":
				limit = 2 * time.Second
			}
			e, c, now := calling(t, ref, p.Action, limit, nil)
			if limit > 0 {
				e.Inject(estate.Fault{Operation: "GetQueryResults", Kind: estate.FaultHang})
			}
			_, err := c.Callers(t.Context(), now, 30)
			if err == nil || !strings.Contains(err.Error(), "Allow "+p.Action) {
				t.Errorf("%v, want an error that names %s", err, p.Action)
			}
			if p.Action == "cloudtrail:LookupEvents" && !strings.Contains(err.Error(), "aws eks update-cluster-config --name payments-legacy --logging") {
				t.Errorf("%v does not say how to switch the audit log on", err)
			}
			if !slices.Contains(e.Actions(), p.Action) {
				t.Error("it was never asked for")
			}
		})
	}
}

func TestManyCallersAreNotCutOff(t *testing.T) {
	_, c, now := calling(t, production, "", 0, func(cl *estate.Cluster) {
		cl.Calls = nil
		for i := range 10_001 {
			cl.Calls = append(cl.Calls, estate.KubeCalls{
				Sources: []string{fmt.Sprintf("203.0.%d.%d", i/250, i%250)}, User: "ann", Times: 1, First: estate.AsOf().Add(-time.Hour), Last: estate.AsOf().Add(-time.Hour),
			})
		}
	})
	if _, err := c.Callers(t.Context(), now, 30); !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), "fewer days") {
		t.Errorf("%v", err)
	}
}

// CloudTrail is read up to a bound, at the pace that it has. What is older was not looked
// at, which the check says; it is never a ✓.
func TestManyEventsAreCutOff(t *testing.T) {
	const bound = 10_000
	from, last := estate.AsOf().AddDate(0, 0, -20), estate.AsOf().Add(-time.Hour)
	for name, tt := range map[string]struct {
		events int
		cut    bool
	}{"as many as are read": {bound, false}, "one more": {bound + 1, true}} {
		t.Run(name, func(t *testing.T) {
			_, _, now := calling(t, legacy, "", 0, func(cl *estate.Cluster) {
				cl.Managed = []estate.EKSCalls{{Event: "DescribeCluster", Principal: "arn:aws:sts::444455556666:assumed-role/ci/run", Source: "203.0.113.7", Times: tt.events, First: from, Last: last}}
			})
			var waited time.Duration
			c, err := cloud.New(t.Context(), cloud.Config{RoleName: estate.ScanRole, Attempts: 1, Now: estate.AsOf, Pause: func(ctx context.Context, d time.Duration) error {
				waited += d
				return ctx.Err()
			}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Callers(t.Context(), now, 30)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Addresses) != 1 || got.Addresses[0].Calls != bound {
				t.Errorf("addresses %+v", got.Addresses)
			}
			if pace := waited / (bound/50 - 1); pace != 500*time.Millisecond {
				t.Errorf("a page was read each %s", pace)
			}
			if (got.Cut == bound) != tt.cut || !got.From.Equal(got.Addresses[0].First) == tt.cut {
				t.Errorf("cut after %d events, from %s, the oldest is of %s", got.Cut, got.From, got.Addresses[0].First)
			}
			_, checks, err := plan.DraftEndpoint(now, plan.EndpointChoice{Option: "public", Callers: &got}, plan.Network{})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(checks, func(c plan.Check) bool { return c.Name == "callers" })
			if said := strings.Contains(checks[i].Detail, "was not looked at"); checks[i].Verdict != plan.Unknown || said != tt.cut {
				t.Errorf("%+v", checks[i])
			}
		})
	}
}
