package app_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
	"github.com/eksposure/eksposure/internal/scan"
)

// workloads is what runs in the real cluster: the estate's own images behind a
// load balancer that faces the internet.
const workloads = `apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: search, namespace: shop, labels: {app: search}}
spec:
  nodeName: node-1
  containers: [{name: search, image: "%[1]s"}]
status:
  phase: Running
  podIP: 10.0.0.7
  conditions: [{type: Ready, status: "True"}]
  containerStatuses:
  - {name: search, image: "%[1]s", imageID: "%[2]s", ready: true, restartCount: 0, state: {running: {startedAt: "2026-11-20T00:00:00Z"}}}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
status:
  nodeInfo: {architecture: amd64, operatingSystem: linux, osImage: Amazon Linux 2023, kubeletVersion: v1.34.9-eks-0000000, bootID: "", containerRuntimeVersion: containerd://2.1.5, kernelVersion: "6.12", kubeProxyVersion: "", machineID: "", systemUUID: ""}
---
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: shop}
stringData: {password: hunter2-hunter2}
---
apiVersion: v1
kind: Service
metadata:
  name: search
  namespace: shop
  annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}
spec:
  type: LoadBalancer
  selector: {app: search}
  ports: [{port: 443, targetPort: 8080}]
status:
  loadBalancer: {ingress: [{hostname: search.elb.eu-central-1.amazonaws.com}]}
`

// TestHonestChain has no simulation between the EKS API and the finding: the
// endpoint that DescribeCluster tells is a real kube-apiserver, which asks the
// real aws-iam-authenticator about the token that the scan signs, and applies the
// ClusterRole exactly as it is published.
func TestHonestChain(t *testing.T) {
	w := shared(t)
	ref := reference(w.estate, "shop-production")
	sts, direct := front(t)
	lab := kubetest.StartEKS(t, kubetest.EKS{
		Cluster: ref.Name, STS: sts,
		Entries: []kubetest.Entry{{ARN: "arn:aws:iam::" + ref.Account + ":role/" + estate.ScanRole, Username: "eksposure", Groups: []string{kube.Group}}},
	})
	search := w.images.Image("shop-search")
	repository := search.Host(ref.Account, ref.Region) + "/" + search.Repository
	running := fmt.Sprintf(workloads, repository+":"+search.Tag, repository+"@"+search.Digest)
	for _, manifest := range []string{kube.Manifest(), running} {
		if err := lab.Apply(t.Context(), manifest); err != nil {
			t.Fatal(err)
		}
	}
	e := other(t, func(s *estate.Scenario) {
		allow(s, "")
		only(s, ref.Name)
		c := place(s, ref.Name)
		c.Server, c.CA = lab.Server, lab.CA
	})
	direct(e.URL())

	a := open(t, e, settings(w, e, filepath.Join(t.TempDir(), "eksposure.db")))
	scanner, err := a.Scanner(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := scanner.Collect(t.Context(), ref, func(scan.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(snapshot.Gaps) > 0 || len(snapshot.Workloads) != 1 || len(snapshot.Nodes) != 1 || snapshot.Cluster.Endpoint.URL != lab.Server {
		t.Fatalf("gaps %+v, %d workloads, %d nodes, endpoint %s", snapshot.Gaps, len(snapshot.Workloads), len(snapshot.Nodes), snapshot.Cluster.Endpoint.URL)
	}
	if image := snapshot.Image(search.Digest); image == nil || len(image.Matches) == 0 {
		t.Fatalf("image %+v", image)
	}
	if text, err := json.Marshal(snapshot); err != nil || strings.Contains(string(text), "hunter2") || strings.Contains(string(text), "k8s-aws-v1.") {
		t.Errorf("the snapshot holds a secret, or %v", err)
	}
	got, err := scanner.Record(t.Context(), snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"internet-reachable", "internet-reachable-workload", "high-priority-vulnerability"} {
		if s := got.Finding.Trait(id); s == nil || s.Standing != exposure.Contributing {
			t.Errorf("%s is not in the finding", id)
		}
	}
	if got.Finding.Severity != exposure.Critical {
		t.Errorf("severity %s", got.Finding.Severity)
	}
	for _, c := range e.Calls() {
		if c.Service == "kubernetes" {
			t.Fatalf("the estate answered for Kubernetes: %+v", c)
		}
	}

	// Without the group the token still counts, and everything is denied.
	t.Run("without the binding", func(t *testing.T) {
		if err := lab.Apply(t.Context(), strings.Replace(kube.Manifest(), "name: "+kube.Group, "name: somebody-else", 1)); err != nil {
			t.Fatal(err)
		}
		o := outcome(t, scanAll(t, e, filepath.Join(t.TempDir(), "eksposure.db"), ref.String()), ref.Name)
		s := o.Finding.Trait("high-priority-vulnerability")
		if s == nil || s.Standing != exposure.Unknown || !strings.Contains(fmt.Sprint(o.Gaps), kube.ClusterRole) {
			t.Errorf("%+v, gaps %+v", s, o.Gaps)
		}
	})
}

// front is an address that can be given away before it is known what is behind
// it: the estate needs the lab's address, and the lab the estate's.
func front(t *testing.T) (address string, direct func(to string)) {
	t.Helper()
	var target atomic.Pointer[url.URL]
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", target.Load().Host // the signed Host stays
	}}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL, func(to string) {
		u, err := url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		target.Store(u)
	}
}

// reference finds a cluster of an estate by its name.
func reference(e *estate.Estate, name string) inventory.ClusterRef {
	for _, a := range e.Scenario().Accounts {
		for _, c := range a.Clusters {
			if c.Name == name {
				return inventory.ClusterRef{Partition: "aws", Account: a.ID, Region: c.Region, Name: name}
			}
		}
	}
	panic("no cluster " + name)
}
