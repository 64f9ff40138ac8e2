package app_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/app"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
	"github.com/eksposure/eksposure/internal/plan"
	"github.com/eksposure/eksposure/internal/remediation"
	"github.com/eksposure/eksposure/internal/scan"
)

// rolled is a cluster whose workloads can be given other images, and a node.
const rolled = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
status:
  nodeInfo: {architecture: amd64, operatingSystem: linux, osImage: Amazon Linux 2023, kubeletVersion: v1.34.9-eks-0000000, bootID: "", containerRuntimeVersion: containerd://2.1.5, kernelVersion: "6.12", kubeProxyVersion: "", machineID: "", systemUUID: ""}
---
apiVersion: v1
kind: Service
metadata: {name: search, namespace: shop, annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}}
spec: {type: LoadBalancer, selector: {app: search}, ports: [{port: 443, targetPort: 8080}]}
status: {loadBalancer: {ingress: [{hostname: search.elb.eu-central-1.amazonaws.com}]}}
---
`

// vulnerable are a Deployment with two vulnerable containers, a StatefulSet with a
// vulnerable init container, a DaemonSet and a CronJob.
const vulnerable = `apiVersion: apps/v1
kind: Deployment
metadata: {name: search, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: search}}
  template:
    metadata: {labels: {app: search}}
    spec:
      containers: [{name: search, image: "%[1]s"}, {name: agent, image: "%[2]s"}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: index, namespace: shop}
spec:
  replicas: 1
  serviceName: index
  selector: {matchLabels: {app: index}}
  template:
    metadata: {labels: {app: index}}
    spec:
      initContainers: [{name: agent, image: "%[2]s"}]
      containers: [{name: index, image: "%[3]s"}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: agent, image: "%[2]s"}]
`

// street is a real kube-apiserver that the estate has as shop-production, with the
// roles as they are published, and what plans for it are made of.
type street struct {
	lab         *kubetest.Lab
	ref         inventory.ClusterRef
	estate      *estate.Estate
	parts       remediation.Config
	scanner     *scan.Scanner
	controllers kubetest.Controllers
	manifest    string
	// system does what EKS does inside of the cluster; nil for nothing.
	system func()

	mu  sync.Mutex
	now time.Time
}

func (x *street) clock() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now
}

func (x *street) later(d time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now = x.now.Add(d)
}

func newStreet(t *testing.T, change ...func(*estate.Scenario)) *street {
	t.Helper()
	w := shared(t)
	x := &street{ref: reference(w.estate, "shop-production")}
	sts, direct := front(t)
	role := func(name, group string) kubetest.Entry {
		return kubetest.Entry{ARN: "arn:aws:iam::" + x.ref.Account + ":role/" + name, Username: name, Groups: []string{group}}
	}
	x.lab = kubetest.StartEKS(t, kubetest.EKS{
		Cluster: x.ref.Name, STS: sts, Entries: []kubetest.Entry{role(estate.ScanRole, kube.Group), role(estate.RemediationRole, kube.ChangeGroup)},
	})
	x.estate = other(t, func(s *estate.Scenario) {
		only(s, x.ref.Name)
		c := place(s, x.ref.Name)
		c.Server, c.CA, c.NodeGroups = x.lab.Server, x.lab.CA, nil
		for _, f := range change {
			f(s)
		}
	})
	direct(x.estate.URL())
	x.now = x.estate.AsOf()
	digests := map[string]string{}
	for _, p := range w.images.Images() {
		digests[x.reference(p)] = p.Digest
	}
	x.controllers = kubetest.Controllers{Lab: x.lab, Digest: func(reference string) string {
		if _, pinned, ok := strings.Cut(reference, "@"); ok {
			return pinned
		}
		return digests[reference]
	}}
	x.manifest = fmt.Sprintf(vulnerable, x.reference(w.images.Image("shop-search")), x.reference(w.images.Image("agent")), x.reference(w.images.Image("static-site")))
	x.apply(t, kube.Manifest(), kube.ChangeManifest(), rolled, x.manifest)
	c := settings(w, x.estate, filepath.Join(t.TempDir(), "eksposure.db"))
	c.Remediation.Role = estate.RemediationRole
	enter(t, x.estate, &c)
	a := app.New(app.Options{Config: c, Now: x.clock, Clock: time.Now})
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	var err error
	if x.scanner, err = a.Scanner(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x.parts, err = app.PlanParts(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	x.parts.Now = x.clock
	return x
}

// reference is how a manifest writes a published image.
func (x *street) reference(p images.Published) string {
	return p.Host(x.ref.Account, x.ref.Region) + "/" + p.Repository + ":" + p.Tag
}

func (x *street) apply(t *testing.T, manifests ...string) {
	t.Helper()
	for _, m := range manifests {
		if err := x.lab.Apply(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	x.reconcile(t)
}

func (x *street) reconcile(t *testing.T) {
	t.Helper()
	if x.system != nil {
		x.system()
	}
	if err := x.controllers.Reconcile(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
}

// remove takes workloads of the shop away, with their pods.
func (x *street) remove(t *testing.T, workloads ...string) {
	t.Helper()
	for _, w := range workloads {
		if err := x.lab.Delete(t.Context(), "/apis/apps/v1/namespaces/shop/"+w); err != nil {
			t.Fatal(err)
		}
	}
	x.reconcile(t)
}

// generation is how often the template of the search service was changed.
func (x *street) generation(t *testing.T) int64 {
	t.Helper()
	n, err := x.lab.Generation(t.Context(), "/apis/apps/v1/namespaces/shop/deployments/search")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// scan scans the cluster and gives its finding.
func (x *street) scan(t *testing.T) *exposure.Finding {
	t.Helper()
	x.reconcile(t)
	o, err := x.scanner.ScanCluster(t.Context(), x.ref, func(scan.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	return o.Finding
}

func (x *street) request(trait string) remediation.Request {
	return remediation.Request{Cluster: x.ref.String(), Trait: trait, Option: "newest-tag"}
}

// carry advances a plan until it is not at work any more, or cannot be advanced, while
// controllers do theirs and time goes by.
func (x *street) carry(t *testing.T, s *remediation.Service, id string) (remediation.Run, error) {
	t.Helper()
	for i := range 2 * maxAdvances {
		r, err := s.Advance(t.Context(), id)
		if err != nil || !r.State.Working() {
			return r, err
		}
		x.later(time.Minute)
		if i%2 == 1 { // a rollout is seen at work at least once
			x.reconcile(t)
		}
	}
	t.Fatalf("plan %s does not end", id)
	return remediation.Run{}, nil
}

func (x *street) done(t *testing.T, s *remediation.Service, id string, want plan.State) remediation.Run {
	t.Helper()
	r, err := x.carry(t, s, id)
	if err != nil || r.State != want {
		t.Fatalf("plan is %s, want %s: %s, %v", r.State, want, r.Problem, err)
	}
	return r
}

// images are the references that the templates have now, by workload and container.
func (x *street) images(t *testing.T) map[string]string {
	t.Helper()
	now, err := x.parts.Clusters.Describe(t.Context(), x.ref)
	if err != nil {
		t.Fatal(err)
	}
	has := map[string]string{}
	for _, ref := range []inventory.WorkloadRef{{Namespace: "shop", Kind: "Deployment", Name: "search"}, {Namespace: "shop", Kind: "StatefulSet", Name: "index"}, {Namespace: "shop", Kind: "DaemonSet", Name: "agent"}} {
		r, err := x.parts.Workloads.Rollout(t.Context(), now, ref)
		if errors.Is(err, fault.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.Images.Containers {
			has[ref.Name+"/"+c.Name] = c.Reference
		}
	}
	return has
}

// From the finding to the revert, with the real API server, the real authenticator,
// the roles as they are published, and a real registry.
func TestRemediateImages(t *testing.T) {
	t.Parallel()
	x := newStreet(t, func(s *estate.Scenario) { plansOfImages(s, "") })
	w := shared(t)
	s := remediation.New(x.parts)
	before := x.scan(t)
	was := x.images(t)
	r := started(t, s, x.request("high-priority-vulnerability"))
	var titles []string
	for _, a := range r.Plan.Actions {
		titles = append(titles, a.Title)
	}
	want := []string{
		"Give shop/DaemonSet/agent observe/agent:v2.4.0", "Give shop/Deployment/search observe/agent:v2.4.0 and shop/search:v3.0.2", "Give shop/StatefulSet/index observe/agent:v2.4.0",
	}
	if !slices.Equal(titles, want) || !r.Plan.Ends || r.Plan.Before != before.Severity || r.Plan.After.Rank() >= before.Severity.Rank() {
		t.Errorf("plan %q, ends %t, severity %s → %s", titles, r.Plan.Ends, r.Plan.Before, r.Plan.After)
	}
	x.thereAndBack(t, s, r, before, was, "search/search", w.images.Image("shop-search-v3.0.2"))
}

// thereAndBack carries a plan about images to its end, where a container has an image and
// the trait is gone, and back, where all is as it was.
func (x *street) thereAndBack(t *testing.T, s *remediation.Service, r remediation.Run, before *exposure.Finding, was map[string]string, container string, next images.Published) {
	t.Helper()
	r = x.done(t, s, r.Plan.ID, plan.Done)
	f, err := x.parts.Known.Finding(t.Context(), x.ref.String())
	if err != nil {
		t.Fatal(err)
	}
	if r.Verified.Trait != remediation.Gone || f.Severity != r.Plan.After || f.Trait(r.Plan.Trait) != nil {
		t.Errorf("the trait is %s, severity %s, planned %s", r.Verified.Trait, f.Severity, r.Plan.After)
	}
	if got, want := x.images(t)[container], x.reference(next)+"@"+next.Digest; got != want {
		t.Errorf("the template has %s, want %s", got, want)
	}
	if _, err := s.Revert(t.Context(), r.Plan.ID, bob); err != nil {
		t.Fatal(err)
	}
	r = x.done(t, s, r.Plan.ID, plan.Reverted)
	for name, reference := range x.images(t) {
		if reference != was[name] {
			t.Errorf("%s has %s, and had %s", name, reference, was[name])
		}
	}
	if r.Verified.Trait != remediation.Present || r.Verified.Severity != before.Severity {
		t.Errorf("after the revert the trait is %s, severity %s", r.Verified.Trait, r.Verified.Severity)
	}
}

// plansOfImages gives the roles of a scenario what is published for plans about images,
// without one action: for scanning what it reads, and for applying nothing, as those
// rights are Kubernetes' own.
func plansOfImages(s *estate.Scenario, without string) {
	allow(s, without)
	for i := range s.Accounts {
		for j := range s.Accounts[i].Roles {
			if r := &s.Accounts[i].Roles[j]; r.Name == estate.RemediationRole {
				r.Allow = nil
			}
		}
	}
}

// Without the right to list tags, a plan says so for each image.
func TestWhatPlansOfImagesNeed(t *testing.T) {
	t.Parallel()
	x := newStreet(t, func(s *estate.Scenario) { plansOfImages(s, "ecr:ListImages") })
	x.remove(t, "statefulsets/index", "daemonsets/agent")
	x.scan(t)
	r, err := remediation.New(x.parts).Draft(t.Context(), x.request(highPriority), ann)
	if err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(r.Plan.Notes, "\n"); !strings.Contains(said, "shop/search:v3.0.1 (shop/Deployment/search) has to be rebuilt: its tags could not be read") || !strings.Contains(said, "ecr:ListImages") {
		t.Errorf("notes:\n%s", said)
	}
	if !slices.Contains(x.estate.Actions(), "ecr:ListImages") {
		t.Error("the registry was never asked for the tags")
	}
}

// hints are what no action mends: an image without a newer tag, a Pod of its own, a
// workload that something else made, one whose rollouts are paused, a workload whose
// pods run what it does not ask for, and an EKS add-on.
const hints = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "%[1]s"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: made
  namespace: shop
  ownerReferences: [{apiVersion: shops.example/v1, kind: Shop, name: main, uid: 6f6a3c5e-0000-4000-8000-000000000001, controller: true}]
spec:
  replicas: 1
  selector: {matchLabels: {app: made}}
  template:
    metadata: {labels: {app: made}}
    spec: {containers: [{name: search, image: "%[2]s"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: paused, namespace: shop}
spec:
  replicas: 1
  paused: true
  selector: {matchLabels: {app: paused}}
  template:
    metadata: {labels: {app: paused}}
    spec: {containers: [{name: search, image: "%[2]s"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: coredns, namespace: shop}
spec:
  selector: {matchLabels: {app: coredns}}
  template:
    metadata: {labels: {app: coredns}}
    spec: {containers: [{name: coredns, image: "%[3]s"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: alone, namespace: shop}
spec:
  nodeName: node-1
  containers: [{name: search, image: "%[2]s"}]
status:
  phase: Running
  containerStatuses:
  - {name: search, image: "%[2]s", imageID: "%[4]s", ready: true, restartCount: 0, state: {running: {startedAt: "2026-11-20T00:00:00Z"}}}
`

// What no action can mend is a note of the plan; a plan of notes alone is shown and
// cannot be approved.
func TestRemediateImagesHints(t *testing.T) {
	t.Parallel()
	x := newStreet(t)
	w := shared(t)
	s := remediation.New(x.parts)
	search := w.images.Image("shop-search")
	reference := x.reference(search)
	name, _, _ := strings.Cut(reference, ":")
	x.remove(t, "deployments/search", "statefulsets/index", "daemonsets/agent")
	x.apply(t, fmt.Sprintf(hints, x.reference(w.images.Image("shop-web")), reference, x.reference(w.images.Image("eks-coredns")), name+"@"+search.Digest))
	x.scan(t)
	r, err := s.Draft(t.Context(), x.request(highPriority), ann)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(r.Plan.Notes, "\n")
	for _, want := range []string{
		"shop/web:v1.8.2 (shop/Deployment/web) has to be rebuilt: there is no other tag of its line. In layer 0, of the base image",
		"In layer 2, of its own (RUN /bin/sh -c npm ci --omit=dev # buildkit): qs 6.5.2 → 6.5.3.",
		"shop/Pod/alone is not changed by eksposure: make it again from what made it, search with " + name + ":v3.0.2@sha256:",
		"shop/Deployment/made is made by Shop/main, which would set its image back",
		"shop/Deployment/paused is left as it is: its rollouts are paused",
		"eks/coredns:v1.10.1-eksbuild.6 belongs to the EKS add-on coredns: the option add-on plans an update of it.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("no note says %q:\n%s", want, said)
		}
	}
	if failed := r.Plan.With(plan.Failed); len(r.Plan.Actions) > 0 || !slices.Equal(failed, []string{"images"}) {
		t.Errorf("actions %+v, failed checks %v", r.Plan.Actions, failed)
	}
	if _, err := s.Approve(t.Context(), r.Plan.ID, r.Hash, bob, r.Plan.Demands()); !isConflict(err) {
		t.Errorf("a plan of notes is approved: %v", err)
	}
	t.Run("low priority", func(t *testing.T) {
		x.apply(t, x.manifest)
		x.scan(t)
		r, err := s.Draft(t.Context(), x.request("low-priority-vulnerability"), ann)
		if err != nil {
			t.Fatal(err)
		}
		if r.Plan.Ends || !slices.ContainsFunc(r.Plan.Actions, func(a plan.Action) bool {
			return a.Title == "Give shop/Deployment/search shop/search:v3.0.2"
		}) {
			t.Errorf("ends %t, actions %+v", r.Plan.Ends, r.Plan.Actions)
		}
	})
}
