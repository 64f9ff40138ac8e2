package securityhub_test

import (
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/store"
	"github.com/eksposure/eksposure/internal/store/storetest"
)

// A session of an AWS client over both databases: search, count, label, tag, remedy.
func TestOverTheDatabases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		findings := fleet(t, 9) // three open ones of checkout's kind, three abandoned, three closed
		for _, f := range findings {
			o := exposure.Outcome{
				Cluster: f.Cluster.Ref, Finding: f, Change: exposure.Change{Kind: exposure.Created},
				Snapshot: &inventory.Snapshot{Cluster: inventory.Cluster{Ref: f.Cluster.Ref}, CollectedAt: storetest.Now()},
			}
			if err := db.Record(ctx, o); err != nil {
				t.Fatal(err)
			}
		}
		w := newWorld(t)
		w.db = db
		w.listen(t)
		client := w.client()
		search := func(field types.OcsfStringField, value string) int {
			t.Helper()
			n := 0
			pages := sh.NewGetFindingsV2Paginator(client, &sh.GetFindingsV2Input{
				MaxResults:   aws.Int32(2),
				SortCriteria: []types.SortCriterion{{Field: aws.String("severity_id"), SortOrder: types.SortOrderDescending}},
				Filters: &types.OcsfFindingFilters{CompositeFilters: []types.CompositeFilter{{
					StringFilters: []types.OcsfStringFilter{{FieldName: field, Filter: &types.StringFilter{Value: aws.String(value), Comparison: types.StringFilterComparisonEquals}}},
				}}},
			})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				n += len(page.Findings)
			}
			return n
		}
		if n := search("metadata.product.feature.uid", "security-hub/Exposure"); n != 9 {
			t.Errorf("%d exposure findings, want 9", n)
		}
		if n := search(types.OcsfStringFieldStatus, "Resolved"); n != 3 {
			t.Errorf("%d resolved findings, want 3", n)
		}
		out, err := client.BatchUpdateFindingsV2(ctx, &sh.BatchUpdateFindingsV2Input{
			MetadataUids: []string{findings[0].ID}, StatusId: aws.Int32(3), Comment: aws.String("until the move"),
		})
		if err != nil || len(out.ProcessedFindings) != 1 {
			t.Fatalf("update %+v, error %v", out, err)
		}
		if n := search(types.OcsfStringFieldComment, "until the move"); n != 1 {
			t.Errorf("%d findings with the comment, want 1", n)
		}
		groups, err := client.GetFindingStatisticsV2(ctx, &sh.GetFindingStatisticsV2Input{GroupByRules: []types.GroupByRule{{GroupByField: types.GroupByFieldStatus}}})
		if err != nil {
			t.Fatal(err)
		}
		counts := map[string]int32{}
		for _, v := range groups.GroupByResults[0].GroupByValues {
			counts[aws.ToString(v.FieldValue)] = *v.Count
		}
		if counts["Suppressed"] != 1 || counts["Resolved"] != 3 {
			t.Errorf("by status: %v", counts)
		}

		described, err := client.DescribeSecurityHubV2(ctx, &sh.DescribeSecurityHubV2Input{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.TagResource(ctx, &sh.TagResourceInput{ResourceArn: described.HubV2Arn, Tags: map[string]string{"team": "platform"}}); err != nil {
			t.Fatal(err)
		}
		made, err := client.CreateAutomationRuleV2(ctx, suppress())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.DeleteAutomationRuleV2(ctx, &sh.DeleteAutomationRuleV2Input{Identifier: made.RuleArn}); err != nil {
			t.Fatal(err)
		}
		if _, err := client.GetAutomationRuleV2(ctx, &sh.GetAutomationRuleV2Input{Identifier: made.RuleArn}); !errors.As(err, new(*types.ResourceNotFoundException)) {
			t.Errorf("a deleted rule: %v, want ResourceNotFoundException", err)
		}

		begin, end := w.now.AddDate(0, 0, -5), w.now
		trend, err := client.GetFindingsTrendsV2(ctx, &sh.GetFindingsTrendsV2Input{StartTime: &begin, EndTime: &end})
		if err != nil || len(trend.TrendsMetrics) == 0 {
			t.Errorf("trends %+v, error %v", trend, err)
		}
		if _, err := client.GetResourcesTrendsV2(ctx, &sh.GetResourcesTrendsV2Input{StartTime: &begin, EndTime: &end}); err != nil {
			t.Error(err)
		}
		resources, err := client.GetResourcesV2(ctx, &sh.GetResourcesV2Input{})
		if err != nil || len(resources.Resources) == 0 {
			t.Errorf("resources %+v, error %v", resources, err)
		}
		byType, err := client.GetResourcesStatisticsV2(ctx, &sh.GetResourcesStatisticsV2Input{GroupByRules: []types.ResourceGroupByRule{{GroupByField: types.ResourceGroupByFieldResourceType}}})
		if err != nil || len(byType.GroupByResults) != 1 {
			t.Errorf("resources by type %+v, error %v", byType, err)
		}

		shared := 0
		for _, item := range w.items(`{"MaxResults":3,"ShowGuidance":true}`) {
			if n, _ := field(item, "Outcome", "ResolvedFindingsCount").(float64); field(item, "Resource", "Type") == "Container::Image" {
				reduced, _ := field(item, "Outcome", "SeverityReductionFindingsCount").(float64)
				same, _ := field(item, "Outcome", "SeverityUnchangedCount").(float64)
				if n+reduced+same != 2 { // the third was suppressed
					t.Errorf("image %v: %v", field(item, "Resource", "Id"), item["Outcome"])
				}
				shared++
			}
		}
		if shared == 0 {
			t.Error("no image is a target")
		}
	})
}

// A message names a thing once, and leaves the category to the error's name.
func TestMessages(t *testing.T) {
	w := newWorld(t)
	w.db = storetest.Open(t, filepath.Join(t.TempDir(), "findings.db"))
	w.listen(t)
	const id = "0f5a2f0e-0000-4000-8000-000000000000"
	for _, path := range []string{"/automationrulesv2/" + id, "/connectorsv2/" + id, "/aggregatorv2/get/" + url.PathEscape("arn:aws:securityhub:us-east-1:000000000000:aggregatorv2/"+id), "/findingsv2?x"} {
		method := http.MethodGet
		if path == "/findingsv2?x" {
			path, method = "/findingsv2", http.MethodPost
		}
		status, code, body := w.call(method, path, `{"MaxResults":1000}`)
		message, _ := body["Message"].(string)
		if status < 400 || strings.Count(message, id) > 1 || message == "" {
			t.Errorf("%s: %d %s %q", path, status, code, message)
		}
		for _, c := range fault.Categories() {
			if strings.HasSuffix(message, ": "+c.Err.Error()) {
				t.Errorf("%s: %q ends with the category", path, message)
			}
		}
	}
}
