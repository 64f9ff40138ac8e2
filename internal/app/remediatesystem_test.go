package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/vuln"
)

// outlived are two workloads on operating systems past their end: one whose image has a
// newer tag on a supported release, and one that runs a distribution itself.
const outlived = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: index, namespace: shop}
spec:
  replicas: 1
  serviceName: index
  selector: {matchLabels: {app: index}}
  template:
    metadata: {labels: {app: index}}
    spec: {containers: [{name: erp, image: "%[1]s"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: search, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: search}}
  template:
    metadata: {labels: {app: search}}
    spec: {containers: [{name: tools, image: "%[2]s"}]}
`

const pastItsEnd = "end-of-life-operating-system"

// From an operating system past its end to a supported one, and back: the newest tag of
// the ERP is on Debian 10 again, the one before it on Debian 12, and so is a later tag of
// Debian itself.
func TestRemediateOperatingSystems(t *testing.T) {
	t.Parallel()
	x := newStreet(t, func(s *estate.Scenario) { plansOfImages(s, "") })
	w := shared(t)
	s := remediation.New(x.parts)
	x.remove(t, "deployments/search", "statefulsets/index", "daemonsets/agent")
	erp, tools := x.reference(w.images.Image("legacy-erp")), x.reference(w.images.Image("debian-11"))
	x.manifest = fmt.Sprintf(outlived, erp, tools)
	x.apply(t, x.manifest)
	before := x.scan(t)
	was := x.images(t)
	r := started(t, s, x.request(pastItsEnd))
	var titles []string
	for _, a := range r.Plan.Actions {
		titles = append(titles, a.Title)
		if a.Risk != plan.RiskMedium {
			t.Errorf("the risk of another release is %s", a.Risk)
		}
	}
	want := []string{"Give shop/Deployment/search library/debian:bookworm-20261013", "Give shop/StatefulSet/index finance/legacy-erp:7.3"}
	if !slices.Equal(titles, want) || !r.Plan.Ends || r.Plan.After.Rank() > before.Severity.Rank() {
		t.Errorf("plan %q, ends %t, severity %s → %s", titles, r.Plan.Ends, r.Plan.Before, r.Plan.After)
	}
	behaviour := r.Plan.Checks[slices.IndexFunc(r.Plan.Checks, func(c plan.Check) bool { return c.Name == "behaviour" })]
	for _, step := range []string{
		"finance/legacy-erp 7.2 → 7.3 (Debian GNU/Linux 10 (buster) → Debian GNU/Linux 12 (bookworm), with fixes until 2028-06-30)",
		"library/debian bullseye-20210816 → bookworm-20261013 (Debian GNU/Linux 11 (bullseye) → Debian GNU/Linux 12 (bookworm), with fixes until 2028-06-30)",
	} {
		if behaviour.Verdict != plan.Unknown || !strings.Contains(behaviour.Detail, step) {
			t.Errorf("check %+v does not say %q", behaviour, step)
		}
	}
	x.thereAndBack(t, s, r, before, was, "index/erp", w.images.Image("legacy-erp-7.3"))
	t.Run("nothing is left of the line", func(t *testing.T) {
		x.apply(t, strings.Replace(x.manifest, erp, x.reference(w.images.Image("legacy-erp-7.4")), 1))
		x.scan(t)
		r, err := s.Draft(t.Context(), x.request(pastItsEnd), ann)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Join(r.Plan.Notes, "\n")
		want := "finance/legacy-erp:7.4 (shop/StatefulSet/index) has to be rebuilt: there is no other tag of its line. Debian GNU/Linux 10 (buster) comes with the base image, layer 0 ("
		if len(r.Plan.Actions) != 1 || r.Plan.Ends || !strings.Contains(said, want) {
			t.Errorf("ends %t, actions %+v, no note says %q:\n%s", r.Plan.Ends, r.Plan.Actions, want, said)
		}
	})
	t.Run("which image is taken", func(t *testing.T) {
		x.apply(t, x.manifest)
		x.remove(t, "deployments/search")
		x.scan(t)
		years := func(n int) time.Time { return x.clock().AddDate(n, 0, 0) }
		months := func(n int) time.Time { return x.clock().AddDate(0, n, 0) }
		for _, tt := range []struct {
			why         string
			ends        map[string]time.Time
			worse, want string
		}{
			{"the newest that is supported", map[string]time.Time{"7.4": years(2), "7.3": years(3)}, "", "7.4"},
			{"one that is supported for a year, and not for months", map[string]time.Time{"7.4": months(2), "7.3": years(3)}, "", "7.3"},
			{"the longest of those that are supported for months", map[string]time.Time{"7.4": months(2), "7.3": months(3)}, "", "7.3"},
			{"the newest when none is longer", map[string]time.Time{"7.4": months(3), "7.3": months(2)}, "", "7.4"},
			{"one that is supported for months", map[string]time.Time{"7.4": months(2), "7.3": months(-1)}, "", "7.4"},
			{"none with a new vulnerability of high priority", map[string]time.Time{"7.4": years(2), "7.3": years(3)}, "7.4", "7.3"},
			{"none whose support has ended", map[string]time.Time{"7.4": months(-2), "7.3": months(-1)}, "", ""},
			{"none of which it is not known", map[string]time.Time{"7.4": {}, "7.3": months(-1)}, "", ""},
		} {
			t.Run(tt.why, func(t *testing.T) {
				parts := x.parts
				parts.Registries = x.otherwise(w.images, tt.ends, tt.worse)
				r, err := remediation.New(parts).Preview(t.Context(), x.request(pastItsEnd), ann)
				if err != nil {
					t.Fatal(err)
				}
				got := ""
				if len(r.Plan.Actions) > 0 {
					got = plan.TagOf(r.Plan.Actions[0].To.Images.Containers[0].Reference)
				}
				if got != tt.want {
					t.Errorf("the plan takes %q, want %q; notes %q", got, tt.want, r.Plan.Notes)
				}
			})
		}
	})
	t.Run("support ends between the approval and the change", func(t *testing.T) {
		r := approved(t, s, x.request(pastItsEnd))
		parts := x.parts
		parts.Registries = x.otherwise(w.images, map[string]time.Time{"7.3": x.clock().AddDate(0, 0, -2)}, "")
		late := remediation.New(parts)
		if _, err := late.Start(t.Context(), r.Plan.ID, bob); err != nil {
			t.Fatal(err)
		}
		r = x.done(t, late, r.Plan.ID, plan.Stopped)
		if !strings.Contains(r.Problem, "finance/legacy-erp:7.3") || !strings.Contains(r.Problem, "got its last fixes on") || x.images(t)["index/erp"] != erp {
			t.Errorf("problem %q, images %v", r.Problem, x.images(t))
		}
	})
}

// otherwise are the street's registries, where the tags of the ERP have operating systems
// that end otherwise, and one has a vulnerability of high priority.
func (x *street) otherwise(published *images.Registry, ends map[string]time.Time, worse string) remediation.Registries {
	o := otherwise{Registries: x.parts.Registries, ends: map[string]time.Time{}}
	for tag, end := range ends {
		o.ends[published.Image("legacy-erp-"+tag).Digest] = end
	}
	if worse != "" {
		o.worse = published.Image("legacy-erp-" + worse).Digest
	}
	return o
}

type otherwise struct {
	remediation.Registries

	ends  map[string]time.Time
	worse string
}

func (o otherwise) Image(ctx context.Context, repository, digest, platform string) (inventory.Image, error) {
	im, err := o.Registries.Image(ctx, repository, digest, platform)
	if end, ok := o.ends[digest]; ok {
		im.OS.EndOfLife = end
	}
	if digest == o.worse {
		im.Matches = append(im.Matches, vuln.Match{
			ID: "CVE-2099-0001", Package: vuln.Package{Name: "openssl", Version: "1"}, KEV: true,
			CVSS: vuln.CVSS{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: 9.8},
		})
	}
	return im, err
}
