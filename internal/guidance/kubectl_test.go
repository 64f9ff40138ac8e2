package guidance_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eksposure/eksposure/internal/kube/kubetest"
)

// objects are those that commands name.
const objects = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: Node, metadata: {name: node-1}}
---
{apiVersion: v1, kind: Node, metadata: {name: ip-10-0-1-7.eu-central-1.compute.internal}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop}, spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}}
---
{apiVersion: v1, kind: Secret, metadata: {name: web, namespace: shop}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: web, namespace: shop}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: web, namespace: shop}, spec: {schedule: "0 0 * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: web, image: web}]}}}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: web, namespace: shop}, spec: {template: {spec: {restartPolicy: Never, containers: [{name: web, image: web}]}}}}
`

// services are the Services that one may be.
func services() []string {
	return []string{
		`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {type: NodePort, externalIPs: [203.0.113.9], ports: [{port: 80}], selector: {app: web}}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], ports: [{port: 80}], selector: {app: web}}}`,
	}
}

// chosen puts what the objects are called in the place of words that a page has for it.
var chosen = strings.NewReplacer("NAMESPACE", "shop", "CONTAINER", "web", "/NAME", "/web", "CALLER", "caller", "NODE_GROUP", "workers")

// The real kubectl takes every command, and a real API server what it asks for, without
// keeping it.
func TestKubectl(t *testing.T) {
	program, err := kubetest.Program("kubectl")
	if errors.Is(err, kubetest.ErrNotBuilt) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	lab := kubetest.Start(t, kubetest.Options{})
	if err := lab.Apply(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
	k := kubectl{program: program, env: []string{"KUBECONFIG=" + lab.Kubeconfig, "HOME=" + t.TempDir()}}
	refused := map[string]string{} // by command, what is said of it
	for i, service := range services() {
		if err := lab.Delete(t.Context(), "/api/v1/namespaces/shop/services/web"); err != nil && i > 0 {
			t.Fatal(err)
		}
		if err := lab.Apply(t.Context(), service); err != nil {
			t.Fatal(err)
		}
		for _, c := range usualCalls(t, "kubectl") {
			args := tried(c.Args[1:])
			line := strings.Join(args, " ")
			if said, seen := refused[line]; !seen || said != "" {
				refused[line] = k.ask(t, args, chosen.Replace(c.In))
			}
		}
	}
	if len(refused) < 30 {
		t.Errorf("%d commands", len(refused))
	}
	for line, said := range refused {
		if said != "" && !strings.Contains(said, "no rollout history found") { // nothing is rolled out here
			t.Errorf("kubectl %s: %s", line, said)
		}
	}
}

// tried are the arguments of a command that changes nothing and waits for nothing.
func tried(args []string) []string {
	args = slices.Clone(args)
	for i := range args {
		args[i] = chosen.Replace(args[i])
		switch args[i] {
		case "NAME":
			args[i] = "web"
		case "NODE":
			args[i] = "node-1"
		}
	}
	verb := slices.IndexFunc(args, func(a string) bool { return a != "shop" && !strings.HasPrefix(a, "-") })
	switch args[verb] {
	case "annotate", "apply", "cordon", "delete", "drain", "patch", "scale", "set", "uncordon":
		args = append(args, "--dry-run=server")
	case "rollout":
		if args[verb+1] == "status" {
			args = append(args, "--watch=false")
		}
	case "get":
		args = slices.DeleteFunc(args, func(a string) bool { return a == "--watch" })
	}
	return args
}

// kubectl is the program, with one home, where it keeps what the server has.
type kubectl struct {
	program string
	env     []string
}

// ask runs a command, and gives what is said when it fails.
func (k kubectl) ask(t *testing.T, args []string, in string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, k.program, args...)
	cmd.Env = k.env
	if in == "v1.2.3\n" { // of the stub before it
		in = "{apiVersion: v1, kind: Secret, metadata: {name: web, namespace: shop}}"
	}
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return err.Error() + ": " + string(out)
	}
	return ""
}
