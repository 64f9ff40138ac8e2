package cloud_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/plan"
)

// ready reads what an upgrade of ledger has to know, on the day of the estate, with the
// rights of scanning and those of drafting an upgrade but one.
func ready(t *testing.T, without string, change func(*estate.Cluster)) (*estate.Estate, plan.Readiness) {
	t.Helper()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	s := estate.Demo(published)
	for i := range s.Accounts {
		a := &s.Accounts[i]
		for j := range a.Roles {
			if a.Roles[j].Name != estate.ScanRole {
				continue
			}
			a.Roles[j].Allow = nil
			for _, p := range cloud.Permissions() {
				if p.Action != without {
					a.Roles[j].Allow = append(a.Roles[j].Allow, p.Action)
				}
			}
		}
		for j := range a.Clusters {
			if a.Clusters[j].Name == ledger.Name {
				a.Subnets = []estate.Subnet{{Region: ledger.Region, ID: a.Clusters[j].Subnets[0], Free: 3}}
				if change != nil {
					change(&a.Clusters[j])
				}
			}
		}
	}
	e := enter(t, estate.Config{Scenario: s, Images: published, Now: time.Now})
	c, err := cloud.New(t.Context(), cloud.Config{RoleName: estate.ScanRole, Attempts: 1, Now: estate.AsOf})
	if err != nil {
		t.Fatal(err)
	}
	now, err := c.Describe(t.Context(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	var r plan.Readiness
	c.Readiness(t.Context(), now, []string{"1.33", "1.34"}, &r)
	return e, r
}

func TestReadiness(t *testing.T) {
	e, r := ready(t, "", nil)
	if r.Insights.Unread+r.Addons.Unread+r.Subnets.Unread != "" {
		t.Fatalf("not read: %+v", r)
	}
	if n := len(r.Insights.Items); n != 4 || r.Insights.Items[0].Status != "PASSING" || !slices.ContainsFunc(r.Insights.Items, func(i plan.Insight) bool { return i.Version == "1.33" }) {
		t.Errorf("insights %+v", r.Insights.Items)
	}
	free := map[int]int{}
	for _, n := range r.Subnets.Items {
		free[n.Free]++
	}
	if diff := cmp.Diff(map[int]int{3: 1, 4000: 2}, free); diff != "" {
		t.Errorf("free addresses (-want +got):\n%s", diff)
	}
	var fits []string
	for _, a := range r.Addons.Items {
		if a.Name == "kube-proxy" && len(a.Fits) > 0 {
			fits = append(fits, a.Version+" fits "+strings.Join(a.Fits, ",")+" default "+strings.Join(a.DefaultOf, ","))
		}
	}
	want := []string{
		"v1.34.2-eksbuild.3 fits 1.34 default 1.34", "v1.33.2-eksbuild.3 fits 1.33,1.34 default 1.33",
		"v1.32.2-eksbuild.3 fits 1.33,1.34 default ", "v1.31.2-eksbuild.3 fits 1.33 default ",
	}
	if diff := cmp.Diff(want, fits); diff != "" {
		t.Errorf("kube-proxy (-want +got):\n%s", diff)
	}
	if slices.Contains(e.Actions(), "eks:StartInsightsRefresh") {
		t.Error("insights that are fresh were made anew")
	}
}

// An add-on that EKS has no version of hides none of the others.
func TestAnAddonWithoutVersions(t *testing.T) {
	_, r := ready(t, "", func(c *estate.Cluster) {
		c.Addons = append([]estate.Addon{{Name: "agent", Version: "v1"}}, c.Addons...)
	})
	known := map[string]bool{}
	for _, a := range r.Addons.Items {
		known[a.Name] = true
	}
	if diff := cmp.Diff(map[string]bool{"coredns": true, "kube-proxy": true, "vpc-cni": true}, known); diff != "" || r.Addons.Unread != "" {
		t.Errorf("%s (-want +got):\n%s", r.Addons.Unread, diff)
	}
}

// Insights that are old, or that there are none of, are made anew, and not known.
func TestOldInsightsAreMadeAnew(t *testing.T) {
	for name, change := range map[string]func(*estate.Cluster){
		"they are of 2026-11-22": func(c *estate.Cluster) { c.Insights[0].Refreshed = estate.AsOf().Add(-48 * time.Hour) },
		"there are none":         func(c *estate.Cluster) { c.Insights = nil },
	} {
		e, r := ready(t, "", change)
		if r.Insights.Items != nil || !strings.Contains(r.Insights.Unread, name) || !strings.Contains(r.Insights.Unread, "draft the plan once more") {
			t.Errorf("%+v", r.Insights)
		}
		if !slices.Contains(e.Actions(), "eks:StartInsightsRefresh") {
			t.Error("EKS was not asked to look again")
		}
	}
}

// Without one of the rights the part that it is for is not known, and says so.
func TestReadinessWithoutARight(t *testing.T) {
	for _, p := range cloud.Permissions() {
		if p.Scope != cloud.ScopeUpgrade {
			continue
		}
		t.Run(p.Action, func(t *testing.T) {
			_, r := ready(t, p.Action, func(c *estate.Cluster) {
				if p.Action == "eks:StartInsightsRefresh" {
					c.Insights = nil
				}
			})
			var unread []string
			for _, text := range []string{r.Insights.Unread, r.Addons.Unread, r.Subnets.Unread} {
				if text != "" {
					unread = append(unread, text)
				}
			}
			if len(unread) != 1 || !strings.Contains(unread[0], p.Action) {
				t.Errorf("not read: %q, want one that names %s", unread, p.Action)
			}
		})
	}
}
