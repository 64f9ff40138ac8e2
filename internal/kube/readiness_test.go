package kube_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
	"github.com/eksposure/eksposure/internal/plan"
)

// upgrading is what stands in the way of an upgrade, beside what does not.
const upgrading = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: upgrade-reader-of-tests}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: eksposure-upgrade-reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: default}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: blocks, namespace: default}
spec: {minAvailable: 1, selector: {matchLabels: {app: a}}}
status: {disruptionsAllowed: 0, expectedPods: 1, currentHealthy: 1, desiredHealthy: 1}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: lets-go, namespace: default}
spec: {minAvailable: 1, selector: {matchLabels: {app: b}}}
status: {disruptionsAllowed: 1, expectedPods: 2, currentHealthy: 2, desiredHealthy: 1}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: has-no-pods, namespace: default}
spec: {minAvailable: 1, selector: {matchLabels: {app: c}}}
status: {disruptionsAllowed: 0, expectedPods: 0, currentHealthy: 0, desiredHealthy: 0}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: old
  namespace: default
  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"apiVersion":"autoscaling/v2beta2","kind":"HorizontalPodAutoscaler"}'}
spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: new, namespace: default}
spec: {maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
`

func readiness(t *testing.T, c kube.Config, target kube.Target) plan.Readiness {
	t.Helper()
	var r plan.Readiness
	kube.New(c).Readiness(t.Context(), target, newSnapshot(), &r)
	return r
}

// TestReadiness reads a real API server with exactly the published role: what stands in
// the way is found, every rule is used, and without one the part that it is for is not
// known.
func TestReadiness(t *testing.T) {
	t.Parallel()
	lab := kubetest.Start(t, kubetest.Options{})
	apply(t, lab, kube.UpgradeManifest())
	target := readerTarget(t, lab)
	apply(t, lab, upgrading)
	// The server counts this one: v1 ComponentStatus is deprecated and stays.
	if err := lab.Ask(t.Context(), "/api/v1/componentstatuses"); err != nil {
		t.Fatal(err)
	}
	rec := &recorder{seen: map[string]bool{}}
	r := readiness(t, kube.Config{Wrap: rec.wrap}, target)
	if r.Requests.Unread+r.Objects.Unread+r.Budgets.Unread != "" {
		t.Fatalf("not read: %+v", r)
	}
	if !strings.Contains(r.Nodes.Unread, "nodes") {
		t.Errorf("nodes without the right of scanning: %+v", r.Nodes)
	}
	if diff := cmp.Diff([]string{"default/blocks"}, r.Budgets.Items); diff != "" {
		t.Errorf("budgets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]plan.Object{{API: "autoscaling/v2beta2", Name: "horizontalpodautoscalers default/old", RemovedIn: "1.26"}}, r.Objects.Items); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if !slices.Contains(r.Requests.Items, plan.Request{API: "v1 componentstatuses"}) {
		t.Errorf("requests %+v", r.Requests.Items)
	}
	want := []string{"list /nodes"} // a right of scanning
	for _, rule := range kube.UpgradeRules() {
		for _, path := range rule.NonResourceURLs {
			want = append(want, http.MethodGet+" "+path)
		}
		for _, resource := range rule.Resources {
			want = append(want, "list "+rule.APIGroups[0]+"/"+resource)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rec.seen))); diff != "" {
		t.Errorf("requests against rules (-rules +requests):\n%s", diff)
	}
	for _, right := range slices.Concat([]string{"/metrics"}, []string{"horizontalpodautoscalers", "cronjobs", "flowschemas", "poddisruptionbudgets"}) {
		t.Run("without "+right, func(t *testing.T) {
			apply(t, lab, lacking(kube.UpgradeManifest(), right))
			r := awaitUnread(t, target, right)
			for _, text := range []string{r.Requests.Unread, r.Objects.Unread, r.Budgets.Unread} {
				if text != "" && !strings.Contains(text, kube.UpgradeRole) {
					t.Errorf("%q does not name the role", text)
				}
			}
			if metrics := right == "/metrics"; (r.Requests.Unread != "") != metrics || (r.Objects.Unread != "") == metrics || (r.Budgets.Unread != "") != (right == "poddisruptionbudgets") {
				t.Errorf("not read: %q, %q, %q", r.Requests.Unread, r.Objects.Unread, r.Budgets.Unread)
			}
		})
	}
}

// awaitUnread reads until the authorizer refuses exactly a right.
func awaitUnread(t *testing.T, target kube.Target, right string) plan.Readiness {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for {
		r := readiness(t, kube.Config{}, target)
		if text := r.Requests.Unread + r.Objects.Unread; strings.Contains(text, right) && (r.Requests.Unread == "" || right == "/metrics") {
			return r
		}
		select {
		case <-late:
			return r
		case <-tick.C:
		}
	}
}

// A server that cannot be reached, or has no metrics, leaves everything unknown.
func TestReadinessOfABadServer(t *testing.T) {
	for name, h := range map[string]http.Handler{
		"broken":     everything(refuse(http.StatusInternalServerError, "InternalError")),
		"forbidden":  everything(refuse(http.StatusForbidden, "Forbidden")),
		"no metrics": api{},
	} {
		r := readiness(t, kube.Config{}, serve(t, h))
		if r.Requests.Unread == "" || name != "no metrics" && (r.Objects.Unread == "" || r.Budgets.Unread == "") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	var asked atomic.Int32
	hangs := everything(func(_ http.ResponseWriter, req *http.Request) {
		asked.Add(1)
		<-req.Context().Done()
	})
	if r := readiness(t, kube.Config{Timeout: 300 * time.Millisecond}, serve(t, hangs)); r.Requests.Unread == "" || r.Objects.Unread == "" || r.Budgets.Unread == "" || asked.Load() != 1 {
		t.Errorf("a server that hangs was asked %d times: %+v", asked.Load(), r)
	}
	if r := readiness(t, kube.Config{}, kube.Target{Ref: ref()}); r.Requests.Unread == "" || r.Objects.Unread == "" || r.Budgets.Unread == "" {
		t.Errorf("no endpoint: %+v", r)
	}
}
