package access_test

import (
	"errors"
	"testing"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
)

const shop = "arn:aws:eks:eu-central-1:111122223333:cluster/shop"

func TestMay(t *testing.T) {
	actions := []access.Action{access.Read, access.Operate, access.Approve, access.Administer}
	for i, role := range access.Roles() {
		for j, action := range actions {
			p := access.Principal{Role: role}
			if got, want := p.May(action), j <= i; got != want {
				t.Errorf("%s may %s: %v, want %v", role, action, got, want)
			}
			p.Scope.Accounts = []string{"111122223333"}
			if got, want := p.May(action), j <= i && action != access.Administer; got != want {
				t.Errorf("%s of one account may %s: %v, want %v", role, action, got, want)
			}
		}
		if got := (access.Principal{Role: role}).May("unheard-of"); got != (role == access.Admin) {
			t.Errorf("%s may what nobody knows: %v", role, got)
		}
	}
	if (access.Principal{}).May(access.Read) {
		t.Error("no role may read")
	}
}

func TestParseRole(t *testing.T) {
	if r, err := access.ParseRole("Admin"); r != access.Admin || err != nil {
		t.Errorf("%q, %v", r, err)
	}
	if _, err := access.ParseRole("root"); !errors.Is(err, fault.ErrInvalid) {
		t.Errorf("root: %v", err)
	}
}

func TestScopeCheck(t *testing.T) {
	ref, err := inventory.ParseClusterRef(shop)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		scope access.Scope
		want  error
	}{
		{"everything", access.Scope{}, nil},
		{"account", access.Scope{Accounts: []string{"999999999999", "111122223333"}}, nil},
		{"another account", access.Scope{Accounts: []string{"999999999999"}}, fault.ErrNotFound},
		{"another region", access.Scope{Regions: []string{"eu-west-1"}}, fault.ErrNotFound},
		{"cluster", access.Scope{Clusters: []string{shop}}, nil},
		{"a cluster whose name begins so", access.Scope{Clusters: []string{shop + "-2"}}, fault.ErrNotFound},
		{"account, but another region", access.Scope{Accounts: []string{"111122223333"}, Regions: []string{"eu-west-1"}}, fault.ErrNotFound},
	} {
		if err := tt.scope.Check(ref); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestScopeValidate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		scope access.Scope
		want  error
	}{
		{"nothing", access.Scope{}, nil},
		{"all kinds", access.Scope{Accounts: []string{"111122223333"}, Regions: []string{"us-gov-west-1", "ap-southeast-4"}, Clusters: []string{shop}}, nil},
		{"short account", access.Scope{Accounts: []string{"11112222333"}}, fault.ErrInvalid},
		{"zone", access.Scope{Regions: []string{"eu-central-1a"}}, fault.ErrInvalid},
		{"cluster by name", access.Scope{Clusters: []string{"shop"}}, fault.ErrInvalid},
		{"too many", access.Scope{Accounts: make([]string, 1001)}, fault.ErrInvalid},
	} {
		if err := tt.scope.Validate(); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
}
