package app_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/scan"
)

// allow gives the user and the scan roles of a scenario what the documented
// policies say, without one action.
func allow(s *estate.Scenario, without string) {
	var role, caller []string
	for _, p := range cloud.Permissions() {
		if p.Action == without {
			continue
		}
		caller = append(caller, p.Action)
		if p.Scope != cloud.ScopeCaller {
			role = append(role, p.Action)
		}
	}
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for j := range a.Users {
			a.Users[j].Allow = caller
		}
		for j := range a.Roles {
			a.Roles[j].Allow = role
		}
	}
}

// TestPermissionsSuffice: with exactly the published rights the scan reads what
// it reads with more, and asks for nothing else.
func TestPermissionsSuffice(t *testing.T) {
	t.Parallel()
	want := summary(scanned(t))
	e := other(t, func(s *estate.Scenario) { allow(s, "") })
	got := scanAll(t, e, filepath.Join(t.TempDir(), "eksposure.db"))
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(summary(decoded{Findings: findings(got), Coverage: coverage(got)}), "\n")); diff != "" {
		t.Errorf("(-the demo's rights +the published rights):\n%s", diff)
	}
	var published []string
	for _, p := range cloud.Permissions() {
		published = append(published, p.Action)
	}
	for _, action := range e.Actions() {
		if !slices.Contains(published, action) {
			t.Errorf("the scan made a call that needs %s, which is not published", action)
		}
	}
}

// TestEachPermissionIsNeeded takes the published rights away one by one: the scan
// still ends, and what is missing is named with the action.
func TestEachPermissionIsNeeded(t *testing.T) {
	t.Parallel()
	// Two clusters that have a part of every kind.
	small := func(s *estate.Scenario) { only(s, "shop-production", "shop-us") }
	db := filepath.Join(t.TempDir(), "eksposure.db")
	complete := scanAll(t, other(t, func(s *estate.Scenario) { small(s); allow(s, "") }), db)
	if complete.Incomplete() {
		t.Fatalf("with all rights something is missing: %+v", missing(complete))
	}
	for _, p := range cloud.Permissions() {
		t.Run(p.Action, func(t *testing.T) {
			if p.Scope == cloud.ScopeInspector {
				return // asked for with the setting images.inspector alone
			}
			if p.Scope == cloud.ScopePlan || p.Scope == cloud.ScopeUpgrade || p.Scope == cloud.ScopeEndpoint || p.Scope == cloud.ScopeCallers {
				return // asked for by plans alone: TestWhatPlansOfImagesNeed, and tests of package cloud
			}
			if p.Action == "sts:GetCallerIdentity" {
				return // AWS refuses it to nobody (STS API reference, GetCallerIdentity)
			}
			e, db := other(t, func(s *estate.Scenario) { small(s); allow(s, p.Action) }), db
			if strings.HasPrefix(p.Action, "ecr:") { // else the images are known already
				db = filepath.Join(t.TempDir(), "eksposure.db")
			}
			got, err := tryScan(t, e, settings(shared(t), e, db))
			named := missing(got)
			if err != nil {
				named = append(named, err.Error())
			}
			if !slices.ContainsFunc(named, func(text string) bool { return strings.Contains(text, p.Action) }) {
				t.Errorf("nothing names the action; missing is %q", named)
			}
			if err == nil && !got.Incomplete() {
				t.Error("the scan says that it is complete")
			}
			if !slices.Contains(e.Actions(), p.Action) {
				t.Error("the estate was never asked for it")
			}
		})
	}
}

// missing tells everything that a scan says it has not read.
func missing(s scan.Summary) []string {
	var list []string
	for _, m := range coverage(s).Missing() {
		if m.Reason != "" {
			list = append(list, m.String())
		}
	}
	return list
}
