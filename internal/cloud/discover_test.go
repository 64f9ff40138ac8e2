package cloud_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

// organization puts four accounts, and clusters in two of them.
func organization(f *fake) {
	f.set(map[string]any{
		"organizations:ListAccounts": object{"Accounts": []object{
			{"Id": member, "Name": "team", "State": "ACTIVE"},
			{"Id": suspended, "Name": "old", "State": "SUSPENDED"},
		}, "NextToken": "2"},
		"eks:ListClusters " + management + " eu-west-1": object{"clusters": []string{"zeta", "alpha"}},
		"eks:ListClusters " + member + " us-east-1":     object{"clusters": []string{"team"}},
	})
	f.when(func(r request) *reply {
		if r.Action == "organizations:ListAccounts" && r.JSON["NextToken"] == "2" {
			return &reply{body: object{"Accounts": []object{
				{"Id": management, "Name": "main", "Status": "ACTIVE"}, // from before State
				{"Id": locked, "Name": "locked", "State": "ACTIVE"},
			}}}
		}
		return nil
	})
}

func refs(partition string, parts ...[3]string) []inventory.ClusterRef {
	list := []inventory.ClusterRef{}
	for _, p := range parts {
		list = append(list, inventory.ClusterRef{Partition: partition, Account: p[0], Region: p[1], Name: p[2]})
	}
	return list
}

func TestClustersOfAnOrganization(t *testing.T) {
	f := newFake(t)
	organization(f)
	c := f.client(cloud.Config{Organization: true, RoleName: "eksposure-scan", ExternalID: "x-1"})
	got, err := c.Clusters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := inventory.Discovery{
		Clusters: refs("aws", [3]string{management, "eu-west-1", "alpha"}, [3]string{management, "eu-west-1", "zeta"},
			[3]string{member, "us-east-1", "team"}),
		AccountNames: map[string]string{management: "main", member: "team", locked: "locked"},
		Accounts:     []string{management, member, locked},
		Regions:      []string{"eu-west-1", "us-east-1"},
		Skipped: []inventory.Skip{
			{Account: management, Region: "af-south-1", Disabled: true, Reason: "denied"},
			{Account: member, Region: "af-south-1", Disabled: true, Reason: "denied"},
			{Account: locked, Reason: "denied"},
			{Account: suspended, Disabled: true, Reason: "denied"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(inventory.Skip{}, "Detail")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !got.Incomplete() {
		t.Error("a locked account makes the discovery incomplete")
	}
	if detail := got.Skipped[2].Detail; !strings.Contains(detail, "arn:aws:iam::"+locked+":role/eksposure-scan") || !strings.Contains(detail, "trust") {
		t.Errorf("the locked account's skip names role and remedy, got %q", detail)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if r.Action == "sts:AssumeRole" && (strings.Contains(r.Item, management) || r.Form.Get("ExternalId") != "x-1") {
			t.Errorf("own account assumed, or no external ID: %v", r.Form)
		}
		if r.Action == "eks:ListClusters" && r.http.URL.Query().Get("include") != "all" {
			t.Error("connected clusters are not asked for")
		}
	}
}

func TestClustersPartitions(t *testing.T) {
	for _, tt := range []struct{ partition, region string }{{"aws-us-gov", "us-gov-west-1"}, {"aws-cn", "cn-north-1"}} {
		t.Run(tt.partition, func(t *testing.T) {
			f := newFake(t)
			f.partition = tt.partition
			t.Setenv("AWS_REGION", tt.region)
			f.set(map[string]any{"eks:ListClusters": object{"clusters": []string{"one"}}})
			c := f.client(cloud.Config{Accounts: []string{member}, RoleName: "/path/scan", Regions: []string{tt.region}})
			got, err := c.Clusters(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(refs(tt.partition, [3]string{member, tt.region, "one"}), got.Clusters); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, r := range f.requests {
				if want := "arn:" + tt.partition + ":iam::" + member + ":role/path/scan"; r.Action == "sts:AssumeRole" && r.Item != want {
					t.Errorf("role = %q, want %q", r.Item, want)
				}
			}
		})
	}
}

// One region that fails costs itself and is named; every other is listed.
func TestClustersRegionFails(t *testing.T) {
	tests := []struct {
		name   string
		reply  *reply
		cfg    cloud.Config
		reason string
		detail string
	}{
		{"denied", fail(http.StatusForbidden, "AccessDeniedException"), cloud.Config{}, "denied", "Allow eks:ListClusters"},
		{"throttled", fail(http.StatusTooManyRequests, "ThrottlingException"), cloud.Config{}, "throttled", "fewer calls"},
		{
			"throttled until the time limit", fail(http.StatusTooManyRequests, "TooManyRequestsException"),
			cloud.Config{Attempts: 100, CallTimeout: time.Second},
			"throttled", "fewer calls",
		},
		{"hangs", &reply{hang: true}, cloud.Config{CallTimeout: 300 * time.Millisecond}, "unavailable", "time limit"},
		{"server error", fail(http.StatusInternalServerError, "ServerException"), cloud.Config{}, "unavailable", "scan again"},
		{"expired", fail(http.StatusForbidden, "ExpiredTokenException"), cloud.Config{}, "denied", "aws sso login"},
		{"not JSON", &reply{body: "<html>proxy</html>"}, cloud.Config{}, "unavailable", ""},
		{"HTML error", &reply{status: http.StatusNotFound, body: "<html>no such page</html>"}, cloud.Config{}, "unavailable", "404"},
		{"pages without end", &reply{body: object{"clusters": []string{"x"}, "nextToken": "same"}}, cloud.Config{}, "unavailable", "token"},
		{"region off, list says so", fail(http.StatusForbidden, "UnrecognizedClientException"), cloud.Config{Regions: []string{"eu-west-1", "us-east-1"}}, "denied", "region is enabled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			f.set(map[string]any{"eks:ListClusters": object{"clusters": []string{"one"}}})
			f.when(func(r request) *reply {
				if r.Action == "eks:ListClusters" && r.Region == "us-east-1" {
					return tt.reply
				}
				return nil
			})
			got, err := f.client(tt.cfg).Clusters(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := refs("aws", [3]string{management, "eu-west-1", "one"})
			if tt.name == "pages without end" { // what was listed before the defect counts
				want = append(want, refs("aws", [3]string{management, "us-east-1", "x"})...)
			}
			if diff := cmp.Diff(want, got.Clusters); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var skip inventory.Skip
			for _, s := range got.Skipped {
				if s.Region == "us-east-1" {
					skip = s
				}
			}
			if skip.Reason != tt.reason || skip.Disabled || !strings.Contains(skip.Detail, tt.detail) {
				t.Errorf("skip = %+v, want reason %q with %q", skip, tt.reason, tt.detail)
			}
			if n := f.count("eks:ListClusters"); n > 10 {
				t.Errorf("%d attempts are not bounded", n)
			}
		})
	}
}

func TestClustersNamedRegionIsOff(t *testing.T) {
	f := newFake(t)
	f.when(func(r request) *reply {
		if r.Region == "af-south-1" {
			return fail(http.StatusForbidden, "UnrecognizedClientException")
		}
		return nil
	})
	got, err := f.client(cloud.Config{Regions: []string{"af-south-1", "eu-west-1"}}).Clusters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.Incomplete() || len(got.Skipped) != 1 || !got.Skipped[0].Disabled {
		t.Errorf("skipped = %+v, want af-south-1 as disabled", got.Skipped)
	}
	if diff := cmp.Diff([]string{"eu-west-1"}, got.Regions); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestClustersErrors(t *testing.T) {
	t.Run("organization denied", func(t *testing.T) {
		f := newFake(t)
		f.set(map[string]any{"organizations:ListAccounts": fail(http.StatusBadRequest, "AccessDeniedException")})
		_, err := f.client(cloud.Config{Organization: true, RoleName: "r"}).Clusters(t.Context())
		if !errors.Is(err, fault.ErrDenied) {
			t.Errorf("err = %v, want ErrDenied", err)
		}
	})
	t.Run("no organization", func(t *testing.T) {
		f := newFake(t)
		f.set(map[string]any{"organizations:ListAccounts": fail(http.StatusBadRequest, "AWSOrganizationsNotInUseException")})
		_, err := f.client(cloud.Config{Organization: true, RoleName: "r"}).Clusters(t.Context())
		if !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("err = %v, want ErrInvalid", err)
		}
	})
	t.Run("canceled", func(t *testing.T) {
		f := newFake(t)
		_, err := f.client(cloud.Config{}).Clusters(canceled(t))
		if fault.Of(err).Name != "canceled" {
			t.Errorf("err = %v, want canceled", err)
		}
	})
	t.Run("regions denied", func(t *testing.T) {
		f := newFake(t)
		f.set(map[string]any{"ec2:DescribeRegions": fail(http.StatusForbidden, "UnauthorizedOperation")})
		got, err := f.client(cloud.Config{}).Clusters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Skipped) != 1 || got.Skipped[0].Region != "" || !strings.Contains(got.Skipped[0].Detail, "ec2:DescribeRegions") {
			t.Errorf("skipped = %+v, want the whole account", got.Skipped)
		}
	})
}

func TestNew(t *testing.T) {
	tests := []struct {
		name   string
		env    map[string]string
		cfg    cloud.Config
		reply  *reply
		want   error
		remedy string
	}{
		{name: "no credentials", env: map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, want: fault.ErrDenied, remedy: "aws sso login"},
		{name: "expired", reply: fail(http.StatusForbidden, "ExpiredToken"), want: fault.ErrDenied, remedy: "AWS_ACCESS_KEY_ID"},
		{name: "unknown key", reply: fail(http.StatusForbidden, "InvalidClientTokenId"), want: fault.ErrDenied, remedy: "AWS_ACCESS_KEY_ID"},
		{name: "unknown profile", cfg: cloud.Config{Profile: "nobody"}, want: fault.ErrInvalid, remedy: "nobody"},
		{name: "hangs", reply: &reply{hang: true}, cfg: cloud.Config{CallTimeout: 200 * time.Millisecond}, want: fault.ErrUnavailable, remedy: "network"},
		{name: "throttled", reply: fail(http.StatusBadRequest, "Throttling"), cfg: cloud.Config{Attempts: 1}, want: fault.ErrThrottled, remedy: "fewer calls"},
		{name: "not AWS", reply: &reply{body: "<html/>"}, want: fault.ErrUnavailable},
		{name: "role ARN for a name", cfg: cloud.Config{RoleName: "arn:aws:iam::1:role/x"}, want: fault.ErrInvalid},
		{name: "organization without role", cfg: cloud.Config{Organization: true}, want: fault.ErrInvalid},
		{name: "foreign account without role", cfg: cloud.Config{Accounts: []string{member}}, want: fault.ErrInvalid, remedy: member},
		{name: "bad account", cfg: cloud.Config{Accounts: []string{"12"}}, want: fault.ErrInvalid},
		{name: "bad region", cfg: cloud.Config{Regions: []string{"europe"}}, want: fault.ErrInvalid},
		{name: "negative", cfg: cloud.Config{Concurrency: -1}, want: fault.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFake(t)
			for k, v := range tt.env {
				t.Setenv(k, v)
			}
			f.when(func(request) *reply { return tt.reply })
			_, err := cloud.New(t.Context(), tt.cfg)
			if !errors.Is(err, tt.want) {
				t.Fatalf("err = %v, want %v", err, tt.want)
			}
			if !strings.Contains(err.Error(), tt.remedy) {
				t.Errorf("err = %q names no remedy %q", err, tt.remedy)
			}
		})
	}
	t.Run("connection refused", func(t *testing.T) {
		environment(t, map[string]string{
			"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_REGION": "eu-west-1",
		})
		if _, err := cloud.New(t.Context(), cloud.Config{Attempts: 1}); !errors.Is(err, fault.ErrUnavailable) {
			t.Errorf("err = %v, want ErrUnavailable", err)
		}
	})
}
