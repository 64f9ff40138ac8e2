package securityhub_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sh "github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/automation"
)

// suppress is a rule that suppresses what a test cluster has.
func suppress() *sh.CreateAutomationRuleV2Input {
	return &sh.CreateAutomationRuleV2Input{
		RuleName: aws.String("test clusters"), Description: aws.String("nobody reaches them"), RuleOrder: aws.Float32(1.5),
		Criteria: &types.CriteriaMemberOcsfFindingCriteria{Value: types.OcsfFindingFilters{
			CompositeFilters: []types.CompositeFilter{{
				StringFilters: []types.OcsfStringFilter{{
					FieldName: types.OcsfStringFieldResourcesUid,
					Filter:    &types.StringFilter{Value: aws.String("arn:aws:eks:eu-central-1:111122223333:cluster/test-"), Comparison: types.StringFilterComparisonPrefix},
				}},
			}},
		}},
		Actions: []types.AutomationRulesActionV2{{
			Type: types.AutomationRulesActionTypeV2FindingFieldsUpdate, FindingFieldsUpdate: &types.AutomationRulesFindingFieldsUpdateV2{StatusId: aws.Int32(3)},
		}},
		Tags: map[string]string{"owner": "platform"},
	}
}

func TestTheLifeOfARule(t *testing.T) {
	w := start(t)
	ctx, client := t.Context(), w.client()
	made, err := client.CreateAutomationRuleV2(ctx, suppress())
	if err != nil {
		t.Fatal(err)
	}
	for _, identifier := range []*string{made.RuleArn, made.RuleId} {
		got, err := client.GetAutomationRuleV2(ctx, &sh.GetAutomationRuleV2Input{Identifier: identifier})
		if err != nil {
			t.Fatal(err)
		}
		want := suppress()
		if aws.ToString(got.RuleName) != *want.RuleName || *got.RuleOrder != 1.5 || got.RuleStatus != types.RuleStatusV2Enabled ||
			!aws.ToTime(got.CreatedAt).Equal(w.now) || len(got.Actions) != 1 || *got.Actions[0].FindingFieldsUpdate.StatusId != 3 {
			t.Errorf("rule %s: %+v", *identifier, got)
		}
		criteria, _ := got.Criteria.(*types.CriteriaMemberOcsfFindingCriteria)
		if criteria == nil || *criteria.Value.CompositeFilters[0].StringFilters[0].Filter.Value != "arn:aws:eks:eu-central-1:111122223333:cluster/test-" {
			t.Errorf("criteria of %s: %+v", *identifier, got.Criteria)
		}
	}
	tags, err := client.ListTagsForResource(ctx, &sh.ListTagsForResourceInput{ResourceArn: made.RuleArn})
	if err != nil || tags.Tags["owner"] != "platform" {
		t.Errorf("tags %v, error %v", tags, err)
	}

	w.now = w.now.Add(time.Hour)
	if _, err := client.UpdateAutomationRuleV2(ctx, &sh.UpdateAutomationRuleV2Input{Identifier: made.RuleArn, RuleStatus: types.RuleStatusV2Disabled}); err != nil {
		t.Fatal(err)
	}
	list, err := client.ListAutomationRulesV2(ctx, &sh.ListAutomationRulesV2Input{})
	if err != nil || len(list.Rules) != 1 {
		t.Fatalf("rules %+v, error %v", list, err)
	}
	if r := list.Rules[0]; r.RuleStatus != types.RuleStatusV2Disabled || aws.ToString(r.RuleName) != "test clusters" || !aws.ToTime(r.UpdatedAt).Equal(w.now) {
		t.Errorf("after the update: %+v", r)
	}

	if _, err := client.DeleteAutomationRuleV2(ctx, &sh.DeleteAutomationRuleV2Input{Identifier: made.RuleId}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetAutomationRuleV2(ctx, &sh.GetAutomationRuleV2Input{Identifier: made.RuleId})
	missing := (*types.ResourceNotFoundException)(nil)
	if !errors.As(err, &missing) {
		t.Errorf("after it was deleted: %v, want ResourceNotFoundException", err)
	}
	if _, err := client.ListTagsForResource(ctx, &sh.ListTagsForResourceInput{ResourceArn: made.RuleArn}); !errors.As(err, &missing) {
		t.Errorf("its tags: %v, want ResourceNotFoundException", err)
	}
}

func TestRulesAreListedInPages(t *testing.T) {
	w := start(t)
	for i := range 5 {
		in := suppress()
		in.RuleName = aws.String(fmt.Sprintf("rule %d", i))
		if _, err := w.client().CreateAutomationRuleV2(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for token := (*string)(nil); ; {
		page, err := w.client().ListAutomationRulesV2(t.Context(), &sh.ListAutomationRulesV2Input{MaxResults: aws.Int32(2), NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Rules {
			names = append(names, aws.ToString(r.RuleName))
		}
		if token = page.NextToken; token == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"rule 0", "rule 1", "rule 2", "rule 3", "rule 4"}, names); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

func TestTheSameClientTokenMakesOneRule(t *testing.T) {
	w := start(t)
	in := suppress()
	in.ClientToken = aws.String("token-1")
	first, err := w.client().CreateAutomationRuleV2(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.client().CreateAutomationRuleV2(t.Context(), in)
	if err != nil || *again.RuleArn != *first.RuleArn {
		t.Errorf("the same request again: %v, error %v; want %s", again, err, *first.RuleArn)
	}
	in.RuleName = aws.String("another")
	_, err = w.client().CreateAutomationRuleV2(t.Context(), in)
	if conflict := (*types.ConflictException)(nil); !errors.As(err, &conflict) {
		t.Errorf("another request: %v, want ConflictException", err)
	}
	w.now = w.now.Add(25 * time.Hour)
	if _, err = w.client().CreateAutomationRuleV2(t.Context(), in); err != nil {
		t.Errorf("a day later: %v", err)
	}
}

func TestThereAreNoMoreRulesThanAllowed(t *testing.T) {
	w := start(t)
	for range automation.MaxRules {
		if _, err := w.client().CreateAutomationRuleV2(t.Context(), suppress()); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.client().CreateAutomationRuleV2(t.Context(), suppress())
	if quota := (*types.ServiceQuotaExceededException)(nil); !errors.As(err, &quota) {
		t.Errorf("error %v, want ServiceQuotaExceededException", err)
	}
}

func TestRefusedRules(t *testing.T) {
	w := start(t)
	const (
		criteria = `"Criteria":{"OcsfFindingCriteria":{"CompositeFilters":[{"StringFilters":[{"FieldName":"status","Filter":{"Value":"New","Comparison":"EQUALS"}}]}]}}`
		actions  = `"Actions":[{"Type":"FINDING_FIELDS_UPDATE","FindingFieldsUpdate":{"StatusId":3}}]`
		named    = `"RuleName":"n","Description":"d","RuleOrder":1`
	)
	for _, test := range []struct{ why, body, member string }{
		{"no name", `{"Description":"d","RuleOrder":1,` + criteria + `,` + actions + `}`, "RuleName"},
		{"no criteria", `{` + named + `,` + actions + `}`, "Criteria"},
		{"no actions", `{` + named + `,` + criteria + `}`, "Actions"},
		{"order too high", `{"RuleName":"n","Description":"d","RuleOrder":1000.5,` + criteria + `,` + actions + `}`, "RuleOrder"},
		{"two actions", `{` + named + `,` + criteria + `,"Actions":[{"Type":"FINDING_FIELDS_UPDATE","FindingFieldsUpdate":{"StatusId":3}},{"Type":"FINDING_FIELDS_UPDATE","FindingFieldsUpdate":{"StatusId":3}}]}`, "Actions"},
		{"about resources", `{` + named + `,"Criteria":{"ResourceCriteria":{}},` + actions + `}`, "Criteria"},
		{"unknown field", `{` + named + `,"Criteria":{"OcsfFindingCriteria":{"CompositeFilters":[{"StringFilters":[{"FieldName":"mood","Filter":{"Value":"x","Comparison":"EQUALS"}}]}]}},` + actions + `}`, "CompositeFilters[0].StringFilters[0].FieldName"},
		{"unknown connector", `{` + named + `,` + criteria + `,"Actions":[{"Type":"EXTERNAL_INTEGRATION","ExternalIntegrationConfiguration":{"ConnectorArn":"arn:aws:securityhub:eu-central-1:111122223333:connectorv2/none"}}]}`, "ConnectorArn"},
	} {
		status, name, answer := w.call("POST", "/automationrulesv2/create", test.body)
		message, _ := answer["Message"].(string)
		if status != 400 || name != "ValidationException" || !strings.Contains(message, test.member) {
			t.Errorf("%s: %d %s %v, want ValidationException naming %s", test.why, status, name, answer, test.member)
		}
	}
	if n := w.Kept(); n > 1 { // the hub itself
		t.Errorf("%d objects were kept", n)
	}
}

func TestAConfinedAdministratorChangesNothingOfEverybody(t *testing.T) {
	w := start(t)
	w.caller.Scope.Accounts = []string{"111122223333"}
	denied := (*types.AccessDeniedException)(nil)
	if _, err := w.client().CreateAutomationRuleV2(t.Context(), suppress()); !errors.As(err, &denied) {
		t.Errorf("rule: %v, want AccessDeniedException", err)
	}
	if _, err := w.client().DisableSecurityHubV2(t.Context(), &sh.DisableSecurityHubV2Input{}); !errors.As(err, &denied) {
		t.Errorf("hub: %v, want AccessDeniedException", err)
	}
}
