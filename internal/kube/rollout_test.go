package kube_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/plan"
)

// How far a rollout is, from what Kubernetes says of the workload.
func TestRollout(t *testing.T) {
	t.Parallel()
	const spec = `"template": {"spec": {"containers": [{"name": "app", "image": "r.example/app:1.0"}]}}`
	tests := []struct {
		why, kind, path, object string
		want                    plan.Rollout
	}{
		{
			"all pods are new", "Deployment", "apps/v1/namespaces/default/deployments",
			`"metadata": {"generation": 3}, "spec": {"replicas": 2, SPEC}, "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}`,
			plan.Rollout{Done: true, Progress: "2 of 2 pods are new, 2 serve"},
		},
		{
			"the controller has not looked yet", "Deployment", "apps/v1/namespaces/default/deployments",
			`"metadata": {"generation": 4}, "spec": {"replicas": 2, SPEC}, "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2,
			  "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "of the template before"}]}`,
			plan.Rollout{Progress: "2 of 2 pods are new, 2 serve"},
		},
		{
			"old pods are left", "Deployment", "apps/v1/namespaces/default/deployments",
			`"metadata": {"generation": 3}, "spec": {"replicas": 2, SPEC}, "status": {"observedGeneration": 3, "replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}`,
			plan.Rollout{Progress: "2 of 2 pods are new, 3 serve"},
		},
		{
			"a new pod does not serve", "Deployment", "apps/v1/namespaces/default/deployments",
			`"metadata": {"generation": 3}, "spec": {SPEC}, "status": {"observedGeneration": 3, "replicas": 1, "updatedReplicas": 1}`,
			plan.Rollout{Progress: "1 of 1 pods are new, 0 serve"},
		},
		{
			"Kubernetes has given up", "Deployment", "apps/v1/namespaces/default/deployments",
			`"metadata": {"generation": 3}, "spec": {SPEC}, "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 1,
			  "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "ReplicaSet has timed out progressing."}]}`,
			plan.Rollout{Failed: "ReplicaSet has timed out progressing.", Progress: "1 of 1 pods are new, 1 serve"},
		},
		{
			"paused, and made by something", "Deployment", "apps/v1/namespaces/default/deployments",
			`"metadata": {"ownerReferences": [{"apiVersion": "x/v1", "kind": "Shop", "name": "main", "uid": "1", "controller": true}]}, "spec": {"replicas": 0, "paused": true, SPEC}, "status": {}`,
			plan.Rollout{Done: true, Owner: "Shop/main", Held: "its rollouts are paused (spec.paused)", Progress: "0 of 0 pods are new, 0 serve"},
		},
		{
			"one revision", "StatefulSet", "apps/v1/namespaces/default/statefulsets",
			`"metadata": {"generation": 1}, "spec": {"replicas": 1, SPEC}, "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "a"}`,
			plan.Rollout{Done: true, Progress: "1 of 1 pods are new, 1 serve"},
		},
		{
			"two revisions", "StatefulSet", "apps/v1/namespaces/default/statefulsets",
			`"metadata": {"generation": 1}, "spec": {"replicas": 2, SPEC}, "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1, "currentRevision": "a", "updateRevision": "b"}`,
			plan.Rollout{Progress: "1 of 2 pods are new, 1 serve"},
		},
		{
			"only when pods are deleted", "StatefulSet", "apps/v1/namespaces/default/statefulsets",
			`"metadata": {}, "spec": {"replicas": 0, "updateStrategy": {"type": "OnDelete"}, SPEC}, "status": {}`,
			plan.Rollout{Done: true, Held: "its pods are only replaced when somebody deletes them (updateStrategy OnDelete)", Progress: "0 of 0 pods are new, 0 serve"},
		},
		{
			"only from one number on", "StatefulSet", "apps/v1/namespaces/default/statefulsets",
			`"metadata": {}, "spec": {"replicas": 0, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}, SPEC}, "status": {}`,
			plan.Rollout{Done: true, Held: "its pods below number 2 are not updated (rollingUpdate.partition)", Progress: "0 of 0 pods are new, 0 serve"},
		},
		{
			"on every node", "DaemonSet", "apps/v1/namespaces/default/daemonsets",
			`"metadata": {"generation": 2}, "spec": {SPEC}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}`,
			plan.Rollout{Done: true, Progress: "3 of 3 pods are new, 3 serve"},
		},
		{
			"on some nodes, only when deleted", "DaemonSet", "apps/v1/namespaces/default/daemonsets",
			`"metadata": {"generation": 2}, "spec": {"updateStrategy": {"type": "OnDelete"}, SPEC}, "status": {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 1, "numberAvailable": 3}`,
			plan.Rollout{Held: "its pods are only replaced when somebody deletes them (updateStrategy OnDelete)", Progress: "1 of 3 pods are new, 3 serve"},
		},
		{
			"the next job", "CronJob", "batch/v1/namespaces/default/cronjobs",
			`"metadata": {}, "spec": {"schedule": "@daily", "jobTemplate": {"spec": {SPEC}}}, "status": {}`,
			plan.Rollout{Done: true, Progress: "its next job takes the template"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			object := strings.Replace(tt.object, "SPEC", spec, 1)
			target := serve(t, api{"/apis/" + tt.path: func(w http.ResponseWriter, req *http.Request) {
				if got := req.URL.Query().Get("fieldSelector"); got != "metadata.name="+workloadOf(tt.kind).Name {
					t.Errorf("field selector %q", got)
				}
				group := tt.path[:len(tt.path)-len("/namespaces/default/")-len(workloadOf(tt.kind).Name)-1]
				answer(w, http.StatusOK, fmt.Sprintf(`{"apiVersion": %q, "kind": "%sList", "metadata": {}, "items": [{%s}]}`, group, tt.kind, object))
			}})
			got, err := kube.New(kube.Config{}).Rollout(t.Context(), target, workloadOf(tt.kind))
			if err != nil {
				t.Fatal(err)
			}
			if images := got.Images.String(); images != "app with r.example/app:1.0" || got.Images.Workload != workloadOf(tt.kind) {
				t.Errorf("images %q of %s", images, got.Images.Workload)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(plan.Rollout{}, "Images")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
