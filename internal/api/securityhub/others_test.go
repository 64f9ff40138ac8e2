package securityhub_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/google/go-cmp/cmp"
)

func TestTheLifeOfAnAggregator(t *testing.T) {
	w := start(t)
	ctx, client := t.Context(), w.client()
	in := &sh.CreateAggregatorV2Input{RegionLinkingMode: aws.String("SPECIFIED_REGIONS"), LinkedRegions: []string{"eu-west-1", "us-east-1"}}
	made, err := client.CreateAggregatorV2(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	in.ClientToken = nil // the SDK writes the one that it made into the request
	if _, err := client.CreateAggregatorV2(ctx, in); !errors.As(err, new(*types.ConflictException)) {
		t.Errorf("a second one: %v, want ConflictException", err)
	}
	_, err = client.UpdateAggregatorV2(ctx, &sh.UpdateAggregatorV2Input{
		AggregatorV2Arn: made.AggregatorV2Arn, RegionLinkingMode: in.RegionLinkingMode, LinkedRegions: []string{"us-west-2"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetAggregatorV2(ctx, &sh.GetAggregatorV2Input{AggregatorV2Arn: made.AggregatorV2Arn})
	if err != nil || aws.ToString(got.AggregationRegion) != "eu-central-1" {
		t.Fatalf("aggregator %+v, error %v", got, err)
	}
	if diff := cmp.Diff([]string{"us-west-2"}, got.LinkedRegions); diff != "" {
		t.Errorf("linked regions (-want +got):\n%s", diff)
	}
	pages := sh.NewListAggregatorsV2Paginator(client, &sh.ListAggregatorsV2Input{})
	page, err := pages.NextPage(ctx)
	if err != nil || len(page.AggregatorsV2) != 1 || pages.HasMorePages() {
		t.Errorf("aggregators %+v, error %v", page, err)
	}
	if _, err := client.DeleteAggregatorV2(ctx, &sh.DeleteAggregatorV2Input{AggregatorV2Arn: made.AggregatorV2Arn}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetAggregatorV2(ctx, &sh.GetAggregatorV2Input{AggregatorV2Arn: made.AggregatorV2Arn}); !errors.As(err, new(*types.ResourceNotFoundException)) {
		t.Errorf("after it was deleted: %v, want ResourceNotFoundException", err)
	}
	for _, regions := range [][]string{nil, {"eu-central-1"}, {"moon"}, {"us-east-1", "us-east-1"}} {
		in.LinkedRegions = regions
		if _, err := client.CreateAggregatorV2(ctx, in); !errors.As(err, new(*types.ValidationException)) {
			t.Errorf("regions %v: %v, want ValidationException", regions, err)
		}
	}
}

func TestProductsAreListedInPages(t *testing.T) {
	w := start(t)
	var names []string
	pages := sh.NewDescribeProductsV2Paginator(w.client(), &sh.DescribeProductsV2Input{MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.ProductsV2 {
			names = append(names, aws.ToString(p.ProductV2Name))
		}
	}
	if diff := cmp.Diff([]string{"Amazon EventBridge", "Jira Cloud", "ServiceNow ITSM", "Webhooks", "eksposure"}, names); diff != "" {
		t.Errorf("products (-want +got):\n%s", diff)
	}
}

func TestTrends(t *testing.T) {
	w := start(t)
	begin, end := w.now.AddDate(0, 0, -9), w.now
	var high []int64
	pages := sh.NewGetFindingsTrendsV2Paginator(w.client(), &sh.GetFindingsTrendsV2Input{StartTime: &begin, EndTime: &end, MaxResults: aws.Int32(4)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if page.Granularity != types.GranularityFieldDaily {
			t.Errorf("granularity %s", page.Granularity)
		}
		for _, m := range page.TrendsMetrics {
			high = append(high, *m.TrendsValues.SeverityTrends.High)
		}
	}
	if diff := cmp.Diff([]int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, high); diff != "" {
		t.Errorf("high findings (-want +got):\n%s", diff)
	}
	begin = end.AddDate(-1, 0, 0)
	out, err := w.client().GetResourcesTrendsV2(t.Context(), &sh.GetResourcesTrendsV2Input{StartTime: &begin, EndTime: &end})
	if err != nil || out.Granularity != types.GranularityFieldMonthly || len(out.TrendsMetrics) != 13 {
		t.Errorf("resources of a year: %+v, error %v", out, err)
	}
	for why, in := range map[string]*sh.GetFindingsTrendsV2Input{
		"backwards":       {StartTime: &end, EndTime: aws.Time(end.Add(-time.Hour))},
		"a foreign token": {StartTime: &begin, EndTime: &end, NextToken: aws.String("!")},
		"an unknown field": {StartTime: &begin, EndTime: &end, Filters: &types.FindingsTrendsFilters{CompositeFilters: []types.FindingsTrendsCompositeFilter{{
			StringFilters: []types.FindingsTrendsStringFilter{{FieldName: "mood", Filter: &types.StringFilter{Value: aws.String("x"), Comparison: types.StringFilterComparisonEquals}}},
		}}}},
	} {
		if _, err := w.client().GetFindingsTrendsV2(t.Context(), in); !errors.As(err, new(*types.ValidationException)) {
			t.Errorf("%s: %v, want ValidationException", why, err)
		}
	}
}

func TestResources(t *testing.T) {
	w := start(t)
	pages := sh.NewGetResourcesV2Paginator(w.client(), &sh.GetResourcesV2Input{
		Filters: &types.ResourcesFilters{CompositeFilters: []types.ResourcesCompositeFilter{{
			StringFilters: []types.ResourcesStringFilter{{FieldName: types.ResourcesStringFieldResourceType, Filter: &types.StringFilter{Value: aws.String("AWS::EKS::Cluster"), Comparison: types.StringFilterComparisonEquals}}},
		}}},
	})
	page, err := pages.NextPage(t.Context())
	if err != nil || len(page.Resources) != 1 || aws.ToString(page.Resources[0].AccountId) != "111122223333" {
		t.Errorf("resources %+v, error %v", page, err)
	}
	groups, err := w.client().GetResourcesStatisticsV2(t.Context(), &sh.GetResourcesStatisticsV2Input{
		GroupByRules: []types.ResourceGroupByRule{{GroupByField: types.ResourceGroupByFieldResourceType}},
	})
	if err != nil || *groups.GroupByResults[0].GroupByValues[0].Count != 1 {
		t.Errorf("statistics %+v, error %v", groups, err)
	}
	_, err = w.client().GetResourcesStatisticsV2(t.Context(), &sh.GetResourcesStatisticsV2Input{
		GroupByRules: []types.ResourceGroupByRule{{GroupByField: "mood"}},
	})
	if !errors.As(err, new(*types.ValidationException)) {
		t.Errorf("an unknown field: %v, want ValidationException", err)
	}
}

func TestRecommendedPolicies(t *testing.T) {
	findings := fleet(t, 1)
	w := start(t, findings...)
	_, err := w.client().GenerateRecommendedPolicyV2(t.Context(), &sh.GenerateRecommendedPolicyV2Input{MetadataUid: aws.String(findings[0].ID)})
	if !errors.As(err, new(*types.ValidationException)) {
		t.Errorf("a finding without unused permissions: %v, want ValidationException", err)
	}
	_, err = w.client().GetRecommendedPolicyV2(t.Context(), &sh.GetRecommendedPolicyV2Input{MetadataUid: aws.String(strings.Repeat("0", 64))})
	if !errors.As(err, new(*types.ResourceNotFoundException)) {
		t.Errorf("an unknown finding: %v, want ResourceNotFoundException", err)
	}
}

func TestNoAccountHasATrial(t *testing.T) {
	w := start(t)
	_, _, out := w.call("POST", "/freetrial/statusv2/list", `{"AccountIds":["111122223333"]}`)
	want := map[string]any{"AccountFreeTrialStatuses": []any{map[string]any{
		"AccountId": "111122223333", "EvaluatedAt": "2026-11-25T10:00:00.000Z", "FreeTrialStatuses": []any{},
	}}}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	for _, body := range []string{`{"AccountIds":[]}`, `{"AccountIds":["12"]}`, `{"Statuses":["EXPIRED"]}`, `{"MaxResults":0}`} {
		if status, name, _ := w.call("POST", "/freetrial/statusv2/list", body); status != 400 || name != "ValidationException" {
			t.Errorf("%s: %d %s", body, status, name)
		}
	}
}
