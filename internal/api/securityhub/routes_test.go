package securityhub_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api/securityhub"
)

// Every operation of the model has its route, with AWS's method and path.
func TestEveryOperationHasARoute(t *testing.T) {
	got := map[string]string{}
	for _, r := range securityhub.Routes(securityhub.Config{}) {
		if loadModel(t).Operations[r.Operation] == nil {
			continue // refused, see TestEarlierOperations
		}
		path := r.Path
		for _, greedy := range []string{"ConnectorId", "AggregatorV2Arn"} {
			path = strings.Replace(path, "{"+greedy+"...}", "{"+greedy+"+}", 1)
		}
		got[r.Operation] = r.Method + " " + strings.Replace(path, "...}", "}", 1)
	}
	want := map[string]string{}
	for name, op := range loadModel(t).Operations {
		want[name] = op.HTTP.Method + " " + op.HTTP.URI
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// A viewer may call what reads, and nothing else.
func TestWhatChangesIsNotARead(t *testing.T) {
	var reads []string
	for _, r := range securityhub.Routes(securityhub.Config{}) {
		if r.Action == access.Read && loadModel(t).Operations[r.Operation] != nil {
			reads = append(reads, r.Operation)
		}
	}
	slices.Sort(reads)
	for _, name := range reads {
		if !strings.HasPrefix(name, "Get") && !strings.HasPrefix(name, "List") && !strings.HasPrefix(name, "Describe") {
			t.Errorf("%s counts as a read", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(loadModel(t).Operations)) {
		if strings.HasPrefix(name, "Get") && !slices.Contains(reads, name) {
			t.Errorf("%s counts as a write", name)
		}
	}
}

// The operations of the earlier API are refused with an error of theirs that names
// what to call.
func TestEarlierOperations(t *testing.T) {
	w := start(t)
	client := w.client()
	var refused *types.InvalidAccessException
	hears := func(name string, err error, hint string) {
		t.Helper()
		if !errors.As(err, &refused) || !strings.Contains(refused.ErrorMessage(), hint) {
			t.Errorf("%s = %v, want InvalidAccessException with %q", name, err, hint)
		}
	}
	_, err := client.GetFindings(t.Context(), &sh.GetFindingsInput{})
	hears("GetFindings", err, "use GetFindingsV2 (aws securityhub get-findings-v2)")
	_, err = client.DescribeHub(t.Context(), &sh.DescribeHubInput{})
	hears("DescribeHub", err, "use DescribeSecurityHubV2 (aws securityhub describe-security-hub-v2)")
	_, err = client.GetEnabledStandards(t.Context(), &sh.GetEnabledStandardsInput{})
	hears("GetEnabledStandards", err, "does not answer GetEnabledStandards")
	_, err = client.BatchImportFindings(t.Context(), &sh.BatchImportFindingsInput{Findings: []types.AwsSecurityFinding{{
		AwsAccountId: aws.String("111122223333"), CreatedAt: aws.String("2026-11-24"), UpdatedAt: aws.String("2026-11-24"), Description: aws.String("d"), GeneratorId: aws.String("g"),
		Id: aws.String("i"), ProductArn: aws.String("p"), SchemaVersion: aws.String("2018-10-08"), Title: aws.String("t"),
		Resources: []types.Resource{{Id: aws.String("r"), Type: aws.String("Other")}},
	}}})
	hears("BatchImportFindings", err, "eksposure ingest")
	_, err = client.DeleteInsight(t.Context(), &sh.DeleteInsightInput{InsightArn: aws.String("arn:aws:securityhub:us-east-1:111122223333:insight/111122223333/custom/a")})
	hears("DeleteInsight", err, "nothing like it")
	_, err = client.GetFindingAggregator(t.Context(), &sh.GetFindingAggregatorInput{FindingAggregatorArn: aws.String("arn:aws:securityhub:us-east-1:111122223333:finding-aggregator/a")})
	hears("GetFindingAggregator", err, "aws securityhub get-aggregator-v2")
}
