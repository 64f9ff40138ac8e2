package estate_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"

	"github.com/eksposure/eksposure/internal/estate"
)

// An add-on that is updated runs what its version ships, where that is published, and its
// old images when it goes back. What another add-on runs stays.
func TestAddonsRunWhatTheirVersionShips(t *testing.T) {
	e := start(t, estate.Config{UpdateTime: time.Hour})
	cluster := connect(t, assume(t, e, "444455556666", "eu-west-1"), "ledger")
	client := eks.NewFromConfig(assumeRole(t, e, "arn:aws:iam::444455556666:role/"+estate.RemediationRole, "eu-west-1"))
	system := func() string {
		t.Helper()
		status, pods := cluster.get("/api/v1/namespaces/kube-system/pods")
		again, deployments := cluster.get("/apis/apps/v1/namespaces/kube-system/deployments")
		if status != http.StatusOK || again != http.StatusOK {
			t.Fatalf("pods %d, deployments %d", status, again)
		}
		return pods + deployments
	}
	newer, older := published.Image("eks-coredns-v1.12.4"), published.Image("eks-coredns")
	if newer.Digest == "" || !strings.Contains(system(), older.Digest) {
		t.Fatal("the versions are not published, or do not run")
	}
	for _, step := range []struct {
		why, addon, version string
		runs, gone          string
	}{
		{"a newer version", "coredns", "v1.12.4-eksbuild.1", newer.Digest, older.Digest},
		{"a version of which nothing is published", "kube-proxy", "v1.32.2-eksbuild.3", published.Image("eks-kube-proxy").Digest, older.Digest},
		{"back", "coredns", "v1.10.1-eksbuild.6", older.Digest, newer.Digest},
	} {
		before := system()
		must(t, client.UpdateAddon, &eks.UpdateAddonInput{ClusterName: aws.String("ledger"), AddonName: aws.String(step.addon), AddonVersion: aws.String(step.version)})
		if system() != before {
			t.Errorf("%s: it runs before the update is done", step.why)
		}
		e.Finish()
		now := system()
		if !strings.Contains(now, step.runs) || strings.Contains(now, step.gone) || step.addon == "coredns" && !strings.Contains(now, "eks/coredns:"+step.version) {
			t.Errorf("%s: it does not run %s alone", step.why, step.runs)
		}
	}
}
