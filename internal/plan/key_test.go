package plan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
)

func newKey(t *testing.T, change ...func(*inventory.Snapshot)) []plan.Action {
	t.Helper()
	s := open(change...)
	s.Cluster.RoleARN = "arn:aws:iam::111122223333:role/cluster"
	actions, checks, err := plan.DraftNewKey(s, "p1")
	if err != nil || len(actions) != 2 || len(checks) != 2 {
		t.Fatalf("%d actions, %d checks, %v", len(actions), len(checks), err)
	}
	return actions
}

func TestDraftNewKey(t *testing.T) {
	actions := newKey(t)
	key, ref := actions[0].To.Key, open().Cluster.Ref
	if key.Alias != "alias/eksposure/"+ref.Name || key.Plan != "p1" || !key.Rotation || actions[1].To.Encryption.KeyARN != plan.AliasARN(ref) || !plan.IsAlias(plan.AliasARN(ref)) {
		t.Errorf("%+v, %+v", key, actions[1].To.Encryption)
	}
	var policy struct {
		Statement []struct {
			Principal map[string]string `json:"Principal"`
			Action    []string          `json:"Action"`
		} `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(key.Policy), &policy); err != nil {
		t.Fatal(err)
	}
	var principals []string
	for _, s := range policy.Statement {
		principals = append(principals, s.Principal["AWS"])
	}
	if diff := cmp.Diff([]string{"arn:aws:iam::" + ref.Account + ":root", "arn:aws:iam::111122223333:role/cluster"}, principals); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	// It can be taken back until the second action begins.
	p := plan.Plan{Actions: actions}
	if back, _ := p.Undo([]int{0}); len(back) != 1 {
		t.Errorf("the key alone: %v is undone", back)
	}
	if back, stays := p.Undo([]int{0, 1}); len(back) != 0 || stays == "" || p.Reversible() {
		t.Errorf("encrypted: %v is undone, %q", back, stays)
	}
	for name, s := range map[string]*inventory.Snapshot{
		"encrypted": open(func(s *inventory.Snapshot) {
			s.Cluster.Encryption = []inventory.Encryption{{Resources: []string{"secrets"}, KeyARN: "arn:aws:kms:eu-central-1:1:key/k"}}
		}),
		"not known": open(func(s *inventory.Snapshot) { s.Gaps = []inventory.Gap{{Section: inventory.SectionCluster}} }),
	} {
		if _, _, err := plan.DraftNewKey(s, "p1"); err == nil {
			t.Errorf("%s: it was drafted", name)
		}
	}
}

func TestMadeKeys(t *testing.T) {
	create := newKey(t)[0]
	back, ok := create.Inverse()
	if !ok {
		t.Fatal("it has no inverse")
	}
	ours, theirs := "arn:aws:kms:r:1:key/ours", "arn:aws:kms:r:1:key/theirs"
	tests := []struct {
		name                string
		is                  plan.MadeKey
		made, undone        bool
		strange, strangeToo string // what is strange to making, and to taking back
	}{
		{"none", plan.MadeKey{}, false, true, "", ""},
		{"made", plan.MadeKey{ARN: ours, State: "Enabled"}, false, false, "", ""},
		{"rotated", plan.MadeKey{ARN: ours, State: "Enabled", Rotation: true}, false, false, "", ""},
		{"named", plan.MadeKey{ARN: ours, State: "Enabled", Rotation: true, Aliased: ours}, true, false, "", ""},
		{"disabled", plan.MadeKey{ARN: ours, State: "Disabled", Aliased: ours}, false, false, "is Disabled", ""},
		{"to be deleted", plan.MadeKey{ARN: ours, State: "PendingDeletion"}, false, true, "is PendingDeletion", ""},
		{"to be deleted, and named", plan.MadeKey{ARN: ours, State: "PendingDeletion", Aliased: ours}, false, false, "is PendingDeletion", ""},
		{"the name is another's", plan.MadeKey{ARN: ours, State: "Enabled", Rotation: true, Aliased: theirs}, false, false, theirs, theirs},
		{"the name is another's, and there is no key", plan.MadeKey{Aliased: theirs}, false, false, theirs, theirs},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if create.Made(tt.is) != tt.made || back.Made(tt.is) != tt.undone {
				t.Errorf("made %t, taken back %t", create.Made(tt.is), back.Made(tt.is))
			}
			for _, says := range [][2]string{{create.Strange(tt.is), tt.strange}, {back.Strange(tt.is), tt.strangeToo}} {
				if (says[0] == "") != (says[1] == "") || !strings.Contains(says[0], says[1]) {
					t.Errorf("strange is %q, want %q", says[0], says[1])
				}
			}
		})
	}
}

func TestDraftRewrite(t *testing.T) {
	for version, want := range map[string]error{"1.27": nil, "1.23": nil, "1.28": fault.ErrInvalid, "1.34": fault.ErrInvalid, "x": fault.ErrInvalid} {
		a, err := plan.DraftRewrite(open(func(s *inventory.Snapshot) { s.Cluster.Version = version }), "p1")
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", version, err, want)
		}
		if err == nil && (a.To.SecretMark != "p1" || a.Irreversible == "") {
			t.Errorf("%+v", a)
		}
	}
}

// A plan that leaves secrets of before as they are stored says so, and what to do.
func TestExistingSecrets(t *testing.T) {
	for version, want := range map[string]int{"1.27": 1, "1.28": 0, "1.34": 0, "": 1} {
		s := open(func(s *inventory.Snapshot) { s.Cluster.Version = version })
		checks := plan.ExistingSecrets(s)
		if len(checks) != want {
			t.Fatalf("Kubernetes %q: %+v", version, checks)
		}
		p := plan.Plan{Checks: append([]plan.Check{{Name: "key policy", Verdict: plan.Unknown}}, checks...)}
		left := p.Leaves()
		if len(left) != want || want == 1 && !strings.Contains(left[0], "--rewrite-secrets") {
			t.Errorf("Kubernetes %q leaves %q", version, left)
		}
	}
}
