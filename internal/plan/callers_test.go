package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/plan"
)

var callersTo = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func window() plan.Callers {
	return plan.Callers{Source: plan.AuditLog, Place: "log group /aws/eks/shop/cluster", From: callersTo.AddDate(0, 0, -30), To: callersTo}
}

// called are calls of a user over the whole window.
func called(address, user string, times int) plan.Call {
	return plan.Call{Address: address, User: user, Groups: []string{"g"}, Times: times, First: window().From, Last: callersTo}
}

func TestGather(t *testing.T) {
	at := func(days int) time.Time { return callersTo.AddDate(0, 0, -days) }
	calls := []plan.Call{
		{Address: "203.0.113.9", User: "ann", Groups: []string{"dev"}, Times: 3, First: at(9), Last: at(2)},
		{Address: "::ffff:203.0.113.9", User: "ann", Groups: []string{"dev"}, Times: 2, First: at(12), Last: at(5)},
		{Address: "203.0.113.9", User: "bo", Times: 40, First: at(4), Last: at(1)},
		{Address: "2001:db8::7", User: "bo", Times: 1, First: at(3), Last: at(3)},
		called("10.0.0.1", "system:node:a", 9), called("100.64.0.1", "cem", 1), called("fd00::1", "cem", 1), called("169.254.1.1", "cem", 1), called("::1", "system:apiserver", 1),
		called("192.0.2.1", "", 7), called("192.0.2.2", "system:anonymous", 7),
		called("192.0.2.3", "eks:node-manager", 7), called("192.0.2.4", "arn:aws:sts::1:assumed-role/AWSServiceRoleForAmazonEKS/x", 7),
		called("autoscaling.amazonaws.com", "arn:aws:iam::1:role/x", 7), called("AWS Internal", "arn:aws:iam::1:role/x", 7),
	}
	got, err := window().Gather(calls)
	if err != nil {
		t.Fatal(err)
	}
	want := window()
	want.Private = 5
	want.Addresses = []plan.Caller{
		{Address: "203.0.113.9", Calls: 45, First: at(12), Last: at(1), Users: []plan.CallerUser{{Name: "bo", Calls: 40}, {Name: "ann", Groups: []string{"dev"}, Calls: 5}}},
		{Address: "2001:db8::7", Calls: 1, First: at(3), Last: at(3), Users: []plan.CallerUser{{Name: "bo", Calls: 1}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var many []plan.Call
	for i := range 8 {
		many = append(many, called("203.0.113.9", fmt.Sprint("user-", i), 1))
	}
	if got, err := window().Gather(many); err != nil || len(got.Addresses[0].Users) != 5 || got.Addresses[0].More != 3 || got.Addresses[0].Calls != 8 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := window().Gather([]plan.Call{called("somewhere", "ann", 1)}); !errors.Is(err, fault.ErrUnavailable) {
		t.Errorf("no address: %v", err)
	}
}

func gathered(t *testing.T, addresses ...string) *plan.Callers {
	t.Helper()
	var calls []plan.Call
	for _, a := range addresses {
		calls = append(calls, called(a, "ann", 1))
	}
	c, err := window().Gather(calls)
	if err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestRangesOfCallers(t *testing.T) {
	var apart, neighbours []string
	for i := range 41 {
		apart, neighbours = append(apart, fmt.Sprintf("203.0.113.%d", 2*i)), append(neighbours, fmt.Sprintf("198.51.100.%d", i))
	}
	tests := []struct {
		name   string
		choice plan.EndpointChoice
		want   []string
		says   string // of the error
	}{
		{"merged, and nobody else", plan.EndpointChoice{Option: "public", Callers: gathered(t, "203.0.113.9", "203.0.113.8", "203.0.113.7")}, []string{"203.0.113.7/32", "203.0.113.8/31"}, ""},
		{"with ranges that are given", plan.EndpointChoice{Option: "public", CIDRs: []string{"203.0.113.0/28", "198.51.100.0/24"}, Callers: gathered(t, "203.0.113.9")}, []string{"198.51.100.0/24", "203.0.113.0/28"}, ""},
		{"many that are neighbours", plan.EndpointChoice{Option: "public", Callers: gathered(t, neighbours...)}, []string{"198.51.100.0/27", "198.51.100.32/29", "198.51.100.40/32"}, ""},
		{"too many", plan.EndpointChoice{Option: "public", Callers: gathered(t, apart...)}, nil, "41 addresses called in 30 days; merged as far as that lets nobody else in they are 41 CIDR ranges, the widest 203.0.113.0/32, and EKS takes 40"},
		{"too many, with a network that holds them", plan.EndpointChoice{Option: "public", CIDRs: []string{"203.0.113.0/24"}, Callers: gathered(t, apart...)}, []string{"203.0.113.0/24"}, ""},
		{"a range that is none", plan.EndpointChoice{Option: "public", CIDRs: []string{"203.0.113.1/24"}, Callers: gathered(t, "203.0.113.9")}, nil, "beyond its length"},
		{"nobody", plan.EndpointChoice{Option: "public", Callers: gathered(t, "10.0.0.1")}, nil, "nobody called from a public address in the 30 days until 2026-11-24 (log group /aws/eks/shop/cluster), and 1 by the private path"},
		{"private", plan.EndpointChoice{Option: "private", Callers: gathered(t, "203.0.113.9")}, nil, "leave them out"},
		{"IPv6 on IPv4", plan.EndpointChoice{Option: "public", Callers: gathered(t, "2001:db8::7")}, nil, "IPv6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			actions, checks, err := plan.DraftEndpoint(open(), tt.choice, plan.Network{})
			if tt.says != "" {
				if !errors.Is(err, fault.ErrInvalid) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%v, want one that says %q", err, tt.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, actions[len(actions)-1].To.Endpoint.CIDRs); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if i := slices.IndexFunc(checks, func(c plan.Check) bool { return c.Name == "callers" }); i < 0 || checks[i].Verdict != plan.Unknown {
				t.Errorf("checks %+v, want one of the callers that somebody has to accept", checks)
			}
		})
	}
}

func TestAmong(t *testing.T) {
	got := gathered(t, "203.0.113.9", "198.51.100.7", "192.0.2.1").Among([]string{"203.0.113.0/24"})
	if len(got.Addresses) != 1 || !slices.Equal(got.Shut, []string{"192.0.2.1", "198.51.100.7"}) {
		t.Errorf("%+v", got)
	}
}

// What a source does not tell is told.
func TestCallersAreNotEverybody(t *testing.T) {
	says := func(c plan.Callers) string {
		t.Helper()
		_, checks, err := plan.DraftEndpoint(open(), plan.EndpointChoice{Option: "public", Callers: &c}, plan.Network{})
		if err != nil {
			t.Fatal(err)
		}
		return checks[len(checks)-1].Detail
	}
	whole, trail, late, shut := *gathered(t, "203.0.113.9"), *gathered(t, "203.0.113.9", "203.0.113.11"), *gathered(t, "203.0.113.9"), *gathered(t, "203.0.113.9")
	trail.Source, late.Addresses[0].First, shut.Shut = plan.CloudTrail, callersTo.AddDate(0, 0, -10), []string{"192.0.2.1"}
	for want, c := range map[string]plan.Callers{
		"1 address called in the 30 days until 2026-11-24": whole, "2 addresses of those who managed it by EKS's API": trail,
		"nothing was seen before 2026-11-14": late, "192.0.2.1 called too": shut,
	} {
		if got := says(c); !strings.Contains(got, want) {
			t.Errorf("%q does not say %q", got, want)
		}
	}
}
