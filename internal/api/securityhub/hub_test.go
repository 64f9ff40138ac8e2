package securityhub_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/google/go-cmp/cmp"
)

func TestAFreshHubIsEnabled(t *testing.T) {
	w := start(t)
	out, err := w.client().DescribeSecurityHubV2(t.Context(), &sh.DescribeSecurityHubV2Input{})
	if err != nil {
		t.Fatal(err)
	}
	const want = "arn:aws:securityhub:eu-central-1:111122223333:hubv2/00000000-0000-4000-8000-000000000001"
	if aws.ToString(out.HubV2Arn) != want || aws.ToString(out.SubscribedAt) != w.now.Format("2006-01-02T15:04:05.000Z") {
		t.Errorf("hub %s since %s", aws.ToString(out.HubV2Arn), aws.ToString(out.SubscribedAt))
	}
}

func TestADisabledHubAnswersNothingElse(t *testing.T) {
	w := start(t, fleet(t, 1)...)
	ctx, client := t.Context(), w.client()
	if _, err := client.DisableSecurityHubV2(ctx, &sh.DisableSecurityHubV2Input{}); err != nil {
		t.Fatal(err)
	}
	_, err := client.DescribeSecurityHubV2(ctx, &sh.DescribeSecurityHubV2Input{})
	if missing := (*types.ResourceNotFoundException)(nil); !errors.As(err, &missing) {
		t.Errorf("describe: %v, want ResourceNotFoundException", err)
	}
	_, err = client.GetFindingsV2(ctx, &sh.GetFindingsV2Input{})
	if denied := (*types.AccessDeniedException)(nil); !errors.As(err, &denied) {
		t.Errorf("findings: %v, want AccessDeniedException", err)
	}
	w.now = w.now.Add(time.Hour)
	on, err := client.EnableSecurityHubV2(ctx, &sh.EnableSecurityHubV2Input{Tags: map[string]string{"team": "platform"}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := client.EnableSecurityHubV2(ctx, &sh.EnableSecurityHubV2Input{})
	if err != nil || aws.ToString(again.HubV2Arn) != aws.ToString(on.HubV2Arn) {
		t.Errorf("enabled again: %v, error %v; want the same hub", again, err)
	}
	out, err := client.GetFindingsV2(ctx, &sh.GetFindingsV2Input{})
	if err != nil || len(out.Findings) != 1 {
		t.Errorf("after it was enabled: %v, error %v; want the finding", out, err)
	}
}

func TestTagsOfTheHub(t *testing.T) {
	w := start(t)
	ctx, client := t.Context(), w.client()
	hub, err := client.DescribeSecurityHubV2(ctx, &sh.DescribeSecurityHubV2Input{})
	if err != nil {
		t.Fatal(err)
	}
	tag := func(tags map[string]string) error {
		_, err := client.TagResource(ctx, &sh.TagResourceInput{ResourceArn: hub.HubV2Arn, Tags: tags})
		return err
	}
	if err := errors.Join(tag(map[string]string{"team": "platform", "stage": "test"}), tag(map[string]string{"stage": "live"})); err != nil {
		t.Fatal(err)
	}
	if _, err := client.UntagResource(ctx, &sh.UntagResourceInput{ResourceArn: hub.HubV2Arn, TagKeys: []string{"team", "unknown"}}); err != nil {
		t.Fatal(err)
	}
	out, err := client.ListTagsForResource(ctx, &sh.ListTagsForResourceInput{ResourceArn: hub.HubV2Arn})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"stage": "live"}, out.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	invalid, missing := (*types.InvalidInputException)(nil), (*types.ResourceNotFoundException)(nil)
	if err := tag(map[string]string{"aws:own": "x"}); !errors.As(err, &invalid) {
		t.Errorf("a key of AWS's own: %v, want InvalidInputException", err)
	}
	hub.HubV2Arn = aws.String("arn:aws:securityhub:eu-central-1:111122223333:hubv2/00000000-0000-4000-8000-000000000099")
	if err := tag(map[string]string{"a": "b"}); !errors.As(err, &missing) {
		t.Errorf("another hub: %v, want ResourceNotFoundException", err)
	}
}

func TestFeatures(t *testing.T) {
	w := start(t)
	if status, _, _ := w.call("POST", "/hubv2/feature/NETWORK_SCANNING", ""); status != 200 {
		t.Errorf("enable: status %d", status)
	}
	_, _, out := w.call("GET", "/hubv2", "")
	want := map[string]any{"NETWORK_SCANNING": map[string]any{"FeatureStatus": "ENABLED", "UpdatedAt": "2026-11-25T10:00:00.000Z"}}
	if diff := cmp.Diff(want, out["Features"]); diff != "" {
		t.Errorf("features (-want +got):\n%s", diff)
	}
	w.now = w.now.Add(time.Minute)
	if status, _, _ := w.call("DELETE", "/hubv2/feature/NETWORK_SCANNING", ""); status != 200 {
		t.Errorf("disable: status %d", status)
	}
	if status, name, _ := w.call("POST", "/hubv2/feature/TELEPATHY", ""); status != 400 || name != "ValidationException" {
		t.Errorf("an unknown feature: %d %s", status, name)
	}
}
