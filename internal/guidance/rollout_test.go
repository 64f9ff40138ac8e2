package guidance_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/guidance"
	"github.com/eksposure/eksposure/internal/inventory"
)

// A workload with several images has one rollout, which is undone once; containers are named where
// they are known, and asked for where they are not.
func TestRollouts(t *testing.T) {
	const topic = "high-priority-vulnerability"
	web := inventory.WorkloadRef{Namespace: "shop", Kind: "Deployment", Name: "web"}
	nightly := inventory.WorkloadRef{Namespace: "shop", Kind: "CronJob", Name: "nightly"}
	image := func(repository, reference string, containers []exposure.ContainerRef, workloads ...inventory.WorkloadRef) exposure.Evidence {
		digest := "sha256:" + strings.Repeat("1", 64)
		return exposure.Evidence{
			Standing: exposure.Contributing, Variant: "network-exploitable", Resource: inventory.ResourceRef{Type: inventory.TypeImage, UID: repository + "@" + digest},
			Image: &exposure.ImageEvidence{Digest: digest, Repository: repository, Reference: reference, Vulnerabilities: 1, Fixable: 1, Containers: containers}, Workloads: workloads,
		}
	}
	f := &exposure.Finding{
		Topics: []exposure.TopicState{{ID: topic, Options: []exposure.OptionState{{ID: "rebuild"}}}},
		Traits: []exposure.TraitState{{ID: topic, Standing: exposure.Contributing, Evidence: []exposure.Evidence{
			image("registry.example/app", "registry.example/app:v1", []exposure.ContainerRef{{WorkloadRef: web, Container: "app"}, {WorkloadRef: web, Container: "migrate"}, {WorkloadRef: nightly, Container: "job"}}, web, nightly),
			image("registry.example/proxy", "", nil, web),
		}}},
	}
	options, err := guidance.Write(f, topic)
	if err != nil || len(options) != 1 {
		t.Fatal(options, err)
	}
	var code []string
	for _, s := range formOf(options[0], guidance.Kubectl).Steps[:2] {
		code = append(code, strings.Split(s.Code, "\n")...)
	}
	want := []string{
		"kubectl --namespace=shop set image deployment/web 'app=registry.example/app@sha256:<NEW_DIGEST>' 'migrate=registry.example/app@sha256:<NEW_DIGEST>' '<CONTAINER>=registry.example/proxy@sha256:<NEW_DIGEST>'",
		"kubectl --namespace=shop rollout status deployment/web",
		"kubectl --namespace=shop set image cronjob/nightly 'job=registry.example/app@sha256:<NEW_DIGEST>'",
		"kubectl --namespace=shop rollout undo deployment/web",
		"kubectl --namespace=shop set image cronjob/nightly job=registry.example/app:v1",
	}
	if diff := cmp.Diff(want, code); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}
