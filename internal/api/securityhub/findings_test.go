package securityhub_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/exposure"
)

func TestFindingsAreReadInPages(t *testing.T) {
	w := start(t, fleet(t, 7)...)
	seen := map[string]bool{}
	pages := sh.NewGetFindingsV2Paginator(w.client(), &sh.GetFindingsV2Input{
		MaxResults:   aws.Int32(3),
		SortCriteria: []types.SortCriterion{{Field: aws.String("severity_id"), SortOrder: types.SortOrderDescending}},
	})
	count := 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count++
		for _, f := range page.Findings {
			var document struct {
				Metadata struct {
					UID string `document:"uid"`
				} `document:"metadata"`
			}
			if err := f.UnmarshalSmithyDocument(&document); err != nil {
				t.Fatal(err)
			}
			seen[document.Metadata.UID] = true
		}
	}
	if count != 3 || len(seen) != 7 {
		t.Errorf("%d pages with %d findings, want 3 with 7", count, len(seen))
	}
}

func TestFindingsOutsideOfTheScopeAreNotThere(t *testing.T) {
	findings := fleet(t, 2)
	w := start(t, findings...)
	w.caller.Scope = access.Scope{Accounts: []string{findings[0].Cluster.Ref.Account}}
	out, err := w.client().GetFindingsV2(t.Context(), &sh.GetFindingsV2Input{})
	if err != nil || len(out.Findings) != 1 {
		t.Errorf("%d findings, error %v; want the one of the account", len(out.Findings), err)
	}
	groups, err := w.client().GetFindingStatisticsV2(t.Context(), &sh.GetFindingStatisticsV2Input{
		GroupByRules: []types.GroupByRule{{GroupByField: types.GroupByFieldSeverity}},
	})
	if err != nil || len(groups.GroupByResults) != 1 || len(groups.GroupByResults[0].GroupByValues) != 1 {
		t.Errorf("statistics %+v, error %v; want those of one finding", groups, err)
	}
	update, err := w.client().BatchUpdateFindingsV2(t.Context(), &sh.BatchUpdateFindingsV2Input{
		MetadataUids: []string{findings[1].ID}, Comment: aws.String("not mine"),
	})
	if err != nil || len(update.UnprocessedFindings) != 1 || findings[1].Override != nil {
		t.Errorf("update %+v, error %v; want it refused", update, err)
	}
}

func TestBatchUpdate(t *testing.T) {
	findings := fleet(t, 2)
	w := start(t, findings...)
	ref := findings[1].Cluster.Ref
	out, err := w.client().BatchUpdateFindingsV2(t.Context(), &sh.BatchUpdateFindingsV2Input{
		MetadataUids: []string{findings[0].ID, strings.Repeat("0", 64)},
		SeverityId:   aws.Int32(6), StatusId: aws.Int32(3), Comment: aws.String("accepted until the move"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.ProcessedFindings) != 1 || aws.ToString(out.ProcessedFindings[0].FindingIdentifier.FindingInfoUid) != findings[0].UID {
		t.Errorf("processed %+v", out.ProcessedFindings)
	}
	if len(out.UnprocessedFindings) != 1 || out.UnprocessedFindings[0].ErrorCode != types.BatchUpdateFindingsV2UnprocessedFindingErrorCodeResourceNotFoundException {
		t.Errorf("unprocessed %+v", out.UnprocessedFindings)
	}
	want := &exposure.Override{
		Severity: "Fatal", Status: exposure.StatusSuppressed, Comment: "accepted until the move",
		By: "EKSPTEST", At: w.now, Facts: findings[0].Facts(),
	}
	if diff := cmp.Diff(want, findings[0].Override); diff != "" {
		t.Errorf("override (-want +got):\n%s", diff)
	}

	// A second label keeps what the first one set and the second does not name.
	out, err = w.client().BatchUpdateFindingsV2(t.Context(), &sh.BatchUpdateFindingsV2Input{
		FindingIdentifiers: []types.OcsfFindingIdentifier{
			{CloudAccountUid: aws.String(findings[0].Cluster.Ref.Account), FindingInfoUid: aws.String(findings[0].UID), MetadataProductUid: aws.String(product(findings[0]))},
			{CloudAccountUid: aws.String("999999999999"), FindingInfoUid: aws.String(findings[1].UID), MetadataProductUid: aws.String(product(findings[1]))},
		},
		StatusId: aws.Int32(2),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.ProcessedFindings) != 1 || aws.ToString(out.ProcessedFindings[0].MetadataUid) != findings[0].ID || len(out.UnprocessedFindings) != 1 {
		t.Errorf("update by identifiers of %s: %+v", ref, out)
	}
	want.Status = exposure.StatusInProgress
	if diff := cmp.Diff(want, findings[0].Override); diff != "" {
		t.Errorf("override after the second label (-want +got):\n%s", diff)
	}
}

func product(f *exposure.Finding) string {
	return "arn:" + f.Cluster.Ref.Partition + ":securityhub:" + f.Cluster.Ref.Region + "::productv2/eksposure/exposure"
}

func TestRefusedFindingRequests(t *testing.T) {
	findings := fleet(t, 1)
	w := start(t, findings...)
	many := `"` + strings.Repeat("x", 64) + `"` + strings.Repeat(`,"`+strings.Repeat("x", 64)+`"`, 100)
	for _, test := range []struct{ why, method, path, body, code, member string }{
		{"no JSON", "POST", "/findingsv2", `{`, "ValidationException", "body"},
		{"no object", "POST", "/findingsv2", `[]`, "ValidationException", "body"},
		{"page too large", "POST", "/findingsv2", `{"MaxResults":101}`, "ValidationException", "MaxResults"},
		{"page of nothing", "POST", "/findingsv2", `{"MaxResults":0}`, "ValidationException", "MaxResults"},
		{"number as text", "POST", "/findingsv2", `{"MaxResults":"10"}`, "ValidationException", "MaxResults"},
		{"blank sort field", "POST", "/findingsv2", `{"SortCriteria":[{"Field":" "}]}`, "ValidationException", "SortCriteria[0].Field"},
		{"unknown sort order", "POST", "/findingsv2", `{"SortCriteria":[{"Field":"severity_id","SortOrder":"DESC"}]}`, "ValidationException", "SortCriteria[0].SortOrder"},
		{"organization", "POST", "/findingsv2", `{"Scopes":{"AwsOrganizations":[{"OrganizationId":"o-1"}]}}`, "OrganizationNotFoundException", "o-1"},
		{"unit", "POST", "/findingsv2", `{"Scopes":{"AwsOrganizations":[{"OrganizationId":"o-1","OrganizationalUnitId":"ou-1"}]}}`, "OrganizationalUnitNotFoundException", "ou-1"},
		{"unnamed organization", "POST", "/findingsv2/statistics", `{"GroupByRules":[{"GroupByField":"severity"}],"Scopes":{"AwsOrganizations":[{}]}}`, "ValidationException", "Scopes.AwsOrganizations[0].OrganizationId"},
		{"no rules", "POST", "/findingsv2/statistics", `{}`, "ValidationException", "GroupByRules"},
		{"no group field", "POST", "/findingsv2/statistics", `{"GroupByRules":[{}]}`, "ValidationException", "GroupByRules[0].GroupByField"},
		{"too many values", "POST", "/findingsv2/statistics", `{"GroupByRules":[{"GroupByField":"severity"}],"MaxStatisticResults":401}`, "ValidationException", "MaxStatisticResults"},
		{"nothing to set", "PATCH", "/findingsv2/batchupdatev2", `{"MetadataUids":["x"]}`, "ValidationException", "SeverityId"},
		{"no findings", "PATCH", "/findingsv2/batchupdatev2", `{"StatusId":1}`, "ValidationException", "MetadataUids"},
		{"both ways", "PATCH", "/findingsv2/batchupdatev2", `{"StatusId":1,"MetadataUids":["x"],"FindingIdentifiers":[{"CloudAccountUid":"1","FindingInfoUid":"2","MetadataProductUid":"3"}]}`, "ValidationException", "MetadataUids"},
		{"half an identifier", "PATCH", "/findingsv2/batchupdatev2", `{"StatusId":1,"FindingIdentifiers":[{"CloudAccountUid":"1","FindingInfoUid":"2"}]}`, "ValidationException", "FindingIdentifiers[0].MetadataProductUid"},
		{"too many", "PATCH", "/findingsv2/batchupdatev2", `{"StatusId":1,"MetadataUids":[` + many + `]}`, "ValidationException", "MetadataUids"},
		{"severity of no meaning", "PATCH", "/findingsv2/batchupdatev2", `{"SeverityId":7,"MetadataUids":["x"]}`, "ValidationException", "SeverityId"},
		{"status of no meaning", "PATCH", "/findingsv2/batchupdatev2", `{"StatusId":6,"MetadataUids":["x"]}`, "ValidationException", "StatusId"},
		{"blank comment", "PATCH", "/findingsv2/batchupdatev2", `{"Comment":" ","MetadataUids":["x"]}`, "ValidationException", "Comment"},
		{"long comment", "PATCH", "/findingsv2/batchupdatev2", `{"Comment":"` + strings.Repeat("é", 513) + `","MetadataUids":["x"]}`, "ValidationException", "Comment"},
	} {
		status, name, answer := w.call(test.method, test.path, test.body)
		message, _ := answer["Message"].(string)
		if status != http.StatusBadRequest || name != test.code || answer["Code"] != test.code || !strings.Contains(message, test.member) {
			t.Errorf("%s: %d %s %v, want %s naming %s", test.why, status, name, answer, test.code, test.member)
		}
		if strings.Contains(message, "invalid input") {
			t.Errorf("%s: the message %q ends in the category", test.why, message)
		}
	}
}

func TestScopesOfAConfinedCallerAreDenied(t *testing.T) {
	w := start(t)
	w.caller.Scope.Accounts = []string{"111122223333"}
	_, err := w.client().GetFindingsV2(t.Context(), &sh.GetFindingsV2Input{
		Scopes: &types.FindingScopes{AwsOrganizations: []types.AwsOrganizationScope{{OrganizationId: aws.String("o-1")}}},
	})
	if denied := (*types.AccessDeniedException)(nil); !errors.As(err, &denied) {
		t.Errorf("error %v, want AccessDeniedException", err)
	}
}
