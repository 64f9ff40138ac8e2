package kube_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
	"github.com/eksposure/eksposure/internal/plan"
)

// remediator is a service account bound to the role of changes alone.
const remediator = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: remediator, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: remediator-of-tests}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: eksposure-remediator}
subjects: [{kind: ServiceAccount, name: remediator, namespace: default}]
`

func remediatorTarget(t *testing.T, lab *kubetest.Lab) kube.Target {
	t.Helper()
	apply(t, lab, kube.ChangeManifest())
	apply(t, lab, remediator)
	token, err := lab.Token(t.Context(), "default", "remediator")
	if err != nil {
		t.Fatal(err)
	}
	return kube.Target{Ref: ref(), Server: lab.Server, CA: lab.CA, Token: fixed(token)}
}

// changeables has a workload of each kind that can be changed, and an init container.
const changeables = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: deployment, namespace: default}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec:
      initContainers: [{name: setup, image: "r.example/app:1.0"}]
      containers: [{name: app, image: "r.example/app:1.0"}, {name: other, image: "r.example/other:7"}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: statefulset, namespace: default}
spec:
  serviceName: b
  selector: {matchLabels: {app: b}}
  template:
    metadata: {labels: {app: b}}
    spec: {containers: [{name: app, image: "r.example/app:1.0"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: daemonset, namespace: default}
spec:
  selector: {matchLabels: {app: c}}
  template:
    metadata: {labels: {app: c}}
    spec: {containers: [{name: app, image: "r.example/app:1.0"}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cronjob, namespace: default}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: app, image: "r.example/app:1.0"}]}
`

func workloadOf(kind string) inventory.WorkloadRef {
	return inventory.WorkloadRef{Namespace: "default", Kind: kind, Name: strings.ToLower(kind)}
}

// appImages are the images of the container app of a workload.
func appImages(kind, reference string) plan.WorkloadImages {
	return plan.WorkloadImages{Workload: workloadOf(kind), Containers: []plan.ContainerImage{{Name: "app", Reference: reference}}}
}

const newImage = "r.example/app:1.1@sha256:1111111111111111111111111111111111111111111111111111111111111111"

// What SetImages does on a real server: it changes the named containers of each kind
// and nothing else, once, as eksposure, and only what is as it was found.
func TestSetImages(t *testing.T) {
	t.Parallel()
	lab := kubetest.Start(t, kubetest.Options{})
	apply(t, lab, kube.Manifest())
	apply(t, lab, changeables)
	reads, changes := readerTarget(t, lab), remediatorTarget(t, lab)
	client := kube.New(kube.Config{})
	references := func(t *testing.T, ref inventory.WorkloadRef) string {
		t.Helper()
		r, err := client.Rollout(t.Context(), reads, ref)
		if err != nil {
			t.Fatal(err)
		}
		return r.Images.String()
	}
	for _, kind := range plan.CanRoll() {
		t.Run(kind, func(t *testing.T) {
			before := references(t, workloadOf(kind))
			set := func(from, to string) (string, error) {
				return client.SetImages(t.Context(), changes, appImages(kind, from), appImages(kind, to))
			}
			first, err := set("r.example/app:1.0", newImage)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := references(t, workloadOf(kind)), strings.Replace(before, "app with r.example/app:1.0", "app with "+newImage, 1); got != want {
				t.Errorf("the template has %s, want %s", got, want)
			}
			if again, err := set("r.example/app:1.0", newImage); err != nil || again != first {
				t.Errorf("once more: %s, %v; want %s as before", again, err, first)
			}
			if _, err := set("r.example/app:0.9", "r.example/app:2.0"); !errors.Is(err, fault.ErrConflict) {
				t.Errorf("another image is there: %v, want fault.ErrConflict", err)
			}
		})
	}
	t.Run("init containers", func(t *testing.T) {
		both := func(reference string) plan.WorkloadImages {
			w := appImages("Deployment", reference)
			w.Containers[0] = plan.ContainerImage{Name: "setup", Init: true, Reference: reference}
			return w
		}
		if _, err := client.SetImages(t.Context(), changes, both("r.example/app:1.0"), both(newImage)); err != nil {
			t.Fatal(err)
		}
		if got := references(t, workloadOf("Deployment")); !strings.Contains(got, "setup with "+newImage) || !strings.Contains(got, "other with r.example/other:7") {
			t.Errorf("the template has %s", got)
		}
	})
	t.Run("not there", func(t *testing.T) {
		gone := appImages("Deployment", "r.example/app:1.0")
		gone.Workload.Name = "gone"
		if _, err := client.SetImages(t.Context(), changes, gone, gone); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%v, want fault.ErrNotFound", err)
		}
		if _, err := client.Rollout(t.Context(), reads, gone.Workload); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("%v, want fault.ErrNotFound", err)
		}
		if _, err := client.SetImages(t.Context(), changes, appImages("Job", "a"), appImages("Job", "b")); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("a Job: %v, want fault.ErrInvalid", err)
		}
	})
	t.Run("somebody changes it between the dry run and the patch", func(t *testing.T) {
		apply(t, lab, changeables)
		rec := &verbs{seen: map[string]int{}, before: func(verb, dryRun string) {
			if verb == "patch" && dryRun == "" {
				apply(t, lab, strings.Replace(changeables, "r.example/other:7", "r.example/other:8", 1))
			}
		}}
		_, err := kube.New(kube.Config{Wrap: rec.wrap}).SetImages(t.Context(), changes, appImages("Deployment", "r.example/app:1.0"), appImages("Deployment", newImage))
		if got := references(t, workloadOf("Deployment")); !errors.Is(err, fault.ErrConflict) || !strings.Contains(got, "app with r.example/app:1.0") || !strings.Contains(got, "other:8") {
			t.Errorf("the template has %s, error %v; want fault.ErrConflict", got, err)
		}
	})
	t.Run("the server's dry run comes first, and says no", func(t *testing.T) {
		apply(t, lab, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: pinned}
spec:
  failurePolicy: Fail
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [daemonsets]}]}
  validations: [{expression: "object.spec.template.spec.containers.all(c, !c.image.endsWith(':9.9'))", message: "9.9 is not allowed here"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: pinned}
spec: {policyName: pinned, validationActions: [Deny]}
`)
		has, next := "r.example/app:1.0", "r.example/app:9.9"
		var err error
		poll(t, func() bool { // the policy is taken up by a watch
			_, err = client.SetImages(t.Context(), changes, appImages("DaemonSet", has), appImages("DaemonSet", next))
			if err == nil {
				has, next = next, has
			}
			return err != nil && strings.Contains(err.Error(), "dry run") // not taken up between that and the patch
		})
		if err == nil || !strings.Contains(err.Error(), "9.9 is not allowed here") || !strings.Contains(err.Error(), "dry run") || fault.Of(err).Retry {
			t.Errorf("error %v", err)
		}
	})
}

func poll(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for !done() {
		select {
		case <-late:
			t.Fatal("it did not happen in time")
		case <-tick.C:
		}
	}
}

// verbs notes each request about an object as VERB GROUP/RESOURCE.
type verbs struct {
	next http.RoundTripper
	seen map[string]int
	// before is called ahead of each request.
	before func(verb, dryRun string)
}

func (v *verbs) wrap(next http.RoundTripper) http.RoundTripper { v.next = next; return v }

func (v *verbs) WrappedRoundTripper() http.RoundTripper { return v.next }

func (v *verbs) RoundTrip(req *http.Request) (*http.Response, error) {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/") // apis GROUP v1 namespaces NAMESPACE RESOURCE NAME
	if parts[0] == "api" {
		parts = slices.Insert(parts, 1, "")
	}
	verb := strings.ToLower(req.Method)
	dryRun := req.URL.Query().Get("dryRun")
	v.seen[verb+" "+parts[1]+"/"+parts[5]]++
	if v.before != nil {
		v.before(verb, dryRun)
	}
	return v.next.RoundTrip(req)
}

// TestChangeRules proves the published role with the real authorizer: it is enough,
// all of it is used, and with each right taken away the change is denied by its name.
func TestChangeRules(t *testing.T) {
	t.Parallel()
	lab := kubetest.Start(t, kubetest.Options{})
	apply(t, lab, changeables)
	apply(t, lab, limitables)
	target := remediatorTarget(t, lab)
	has := map[string]string{}
	change := func(c kube.Config, kind string) error {
		from, to := "r.example/app:1.0", "r.example/app:1.1"
		if has[kind] == to {
			from, to = to, from
		}
		var err error
		if kind == "Service" || kind == "Ingress" {
			_, err = kube.New(c).SetSources(t.Context(), target, wayOf(kind, "web"), sourcesFor(kind, from), sourcesFor(kind, to))
		} else {
			_, err = kube.New(c).SetImages(t.Context(), target, appImages(kind, from), appImages(kind, to))
		}
		if err == nil {
			has[kind] = to
		}
		return err
	}
	kinds := map[string]string{"deployments": "Deployment", "statefulsets": "StatefulSet", "daemonsets": "DaemonSet", "cronjobs": "CronJob", "services": "Service", "ingresses": "Ingress"}
	t.Run("enough and all used", func(t *testing.T) {
		rec := &verbs{seen: map[string]int{}}
		for _, kind := range kinds {
			if err := change(kube.Config{Wrap: rec.wrap}, kind); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
		var want []string
		for _, rule := range kube.ChangeRules() {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					want = append(want, verb+" "+rule.APIGroups[0]+"/"+resource)
				}
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rec.seen))); diff != "" {
			t.Errorf("requests against rules (-rules +requests):\n%s", diff)
		}
	})
	for _, rule := range kube.ChangeRules() {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				t.Run("without "+verb+" "+resource, func(t *testing.T) {
					apply(t, lab, withoutVerb(resource, verb))
					defer apply(t, lab, kube.ChangeManifest())
					var err error
					poll(t, func() bool { // the authorizer follows the roles by a watch
						err = change(kube.Config{}, kinds[resource])
						return err != nil && strings.Contains(err.Error(), `cannot `+verb)
					})
					if !errors.Is(err, fault.ErrDenied) || !strings.Contains(err.Error(), resource) {
						t.Errorf("error %v, want fault.ErrDenied that names %s", err, resource)
					}
				})
			}
		}
	}
}

// sourcesFor are no source ranges where an image is as it was at first, and some where it
// is another.
func sourcesFor(kind, reference string) plan.Sources {
	if reference == "r.example/app:1.0" {
		return plan.Sources{}
	}
	return plan.SourcesOf(kind, []string{"192.0.2.0/24"})
}

// withoutVerb is the manifest of changes, in which one resource lacks a verb.
func withoutVerb(resource, verb string) string {
	var b strings.Builder
	b.WriteString("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: " + kube.ChangeRole + "}\nrules:\n")
	for _, rule := range kube.ChangeRules() {
		for _, r := range rule.Resources {
			for _, v := range rule.Verbs {
				if r != resource || v != verb {
					fmt.Fprintf(&b, "  - {apiGroups: [%q], resources: [%q], verbs: [%q]}\n", rule.APIGroups[0], r, v)
				}
			}
		}
	}
	return b.String()
}

// What the role may do is to get and patch workloads and what leads there, and nothing else.
func TestChangeManifestIsNarrow(t *testing.T) {
	m := kube.ChangeManifest()
	for _, never := range []string{"secret", "*", "pods", "create", "delete", "update", "list"} {
		if strings.Contains(m, never) {
			t.Errorf("the role has %q:\n%s", never, m)
		}
	}
}
