package kube_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
)

// reader is a service account bound to the ClusterRole, with a token.
const reader = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader-of-tests}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: eksposure-reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: default}]
`

func readerTarget(t *testing.T, lab *kubetest.Lab) kube.Target {
	t.Helper()
	apply(t, lab, reader)
	token, err := lab.Token(t.Context(), "default", "reader")
	if err != nil {
		t.Fatal(err)
	}
	return kube.Target{Ref: ref(), Server: lab.Server, CA: lab.CA, Token: fixed(token)}
}

func fixed(token string) func(context.Context) (string, time.Time, error) {
	return func(context.Context) (string, time.Time, error) { return token, time.Time{}, nil }
}

// recorder notes each request as VERB GROUP/RESOURCE, the way RBAC sees it.
type recorder struct {
	next http.RoundTripper

	mu   sync.Mutex
	seen map[string]bool
}

func (r *recorder) wrap(next http.RoundTripper) http.RoundTripper { r.next = next; return r }

func (r *recorder) WrappedRoundTripper() http.RoundTripper { return r.next }

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	what := req.Method + " " + req.URL.Path
	switch {
	case req.Method == http.MethodGet && parts[0] == "api" && len(parts) == 3:
		what = "list /" + parts[2]
	case req.Method == http.MethodGet && parts[0] == "apis" && len(parts) == 4:
		what = "list " + parts[1] + "/" + parts[3]
	}
	r.mu.Lock()
	r.seen[what] = true
	r.mu.Unlock()
	return r.next.RoundTrip(req)
}

// sectionOf says which section each resource belongs to.
func sectionOf(resource string) inventory.Section {
	switch resource {
	case "services", "ingresses", "gateways", "httproutes", "grpcroutes", "tlsroutes", "tcproutes", "udproutes":
		return inventory.SectionNetwork
	case "serviceaccounts":
		return inventory.SectionServiceAccounts
	case "nodes":
		return inventory.SectionNodes
	}
	return inventory.SectionWorkloads
}

// TestRules proves the published role with the real authorizer: it is enough,
// every rule is used, nothing is asked for beside it, and what one rule less
// costs is one gap in the section that it is for.
func TestRules(t *testing.T) {
	t.Parallel()
	lab := kubetest.Start(t, kubetest.Options{})
	crds, err := kubetest.Program("gateway-api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	apply(t, lab, readFile(t, crds))
	apply(t, lab, kube.Manifest())
	target := readerTarget(t, lab)

	t.Run("enough and all used", func(t *testing.T) {
		rec := &recorder{seen: map[string]bool{}}
		s := collect(t, kube.Config{Wrap: rec.wrap}, target)
		if len(s.Gaps) > 0 {
			t.Fatalf("gaps with the published role: %+v", s.Gaps)
		}
		var want []string
		for _, r := range kube.Rules() {
			for _, group := range r.APIGroups {
				for _, resource := range r.Resources {
					for _, verb := range r.Verbs {
						want = append(want, verb+" "+group+"/"+resource)
					}
				}
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rec.seen))); diff != "" {
			t.Errorf("requests against rules (-rules +requests):\n%s", diff)
		}
	})

	for _, rule := range kube.Rules() {
		for _, resource := range rule.Resources {
			t.Run("without "+resource, func(t *testing.T) {
				apply(t, lab, without(resource))
				gaps := awaitGap(t, target, resource)
				if len(gaps) != 1 {
					t.Fatalf("got gaps %+v, want one", gaps)
				}
				g := gaps[0]
				if g.Section != sectionOf(resource) || g.Reason != "denied" {
					t.Errorf("gap %+v, want section %s denied", g, sectionOf(resource))
				}
				if !strings.Contains(g.Detail, kube.ClusterRole) {
					t.Errorf("gap %q does not name the role", g.Detail)
				}
			})
		}
	}
}

// without is the manifest with one resource less.
func without(resource string) string { return lacking(kube.Manifest(), resource) }

// lacking is a manifest with one resource or path less.
func lacking(m, resource string) string {
	for _, old := range []string{`"` + resource + `", `, `, "` + resource + `"`, `"` + resource + `"`} {
		if strings.Contains(m, old) {
			instead := ""
			if old == `"`+resource+`"` {
				instead = `"none"`
			}
			return strings.Replace(m, old, instead, 1)
		}
	}
	return m
}

// awaitGap collects until the authorizer, which follows the roles by a watch,
// refuses exactly the resource.
func awaitGap(t *testing.T, target kube.Target, resource string) []inventory.Gap {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		gaps := collect(t, kube.Config{}, target).Gaps
		if len(gaps) == 1 && strings.Contains(gaps[0].Detail, resource) {
			return gaps
		}
		select {
		case <-late:
			return gaps
		case <-tick.C:
		}
	}
}

func TestManifestNeverReadsSecrets(t *testing.T) {
	if m := kube.Manifest(); strings.Contains(m, "secret") || strings.Contains(m, "*") {
		t.Errorf("the role reads too much:\n%s", m)
	}
	for _, r := range kube.Rules() {
		if diff := cmp.Diff([]string{"list"}, r.Verbs); diff != "" {
			t.Errorf("verbs of %v (-want +got):\n%s", r.Resources, diff)
		}
	}
}
