package securityhub

import (
	_ "embed"
	"net/http"
	"strings"
	"unicode"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/api"
)

// unanswered lists the operations of the model that have no answer here, which are
// those of the earlier API (V1) and those about software: name, method, path.
//
//go:embed unanswered.txt
var unanswered string

// instead names the V2 operation that does the work of an earlier one, where it is
// not called the same with V2 at its end.
func instead(name string) string {
	switch name {
	case "BatchDeleteAutomationRules":
		return "DeleteAutomationRuleV2"
	case "BatchGetAutomationRules":
		return "GetAutomationRuleV2"
	case "BatchUpdateAutomationRules":
		return "UpdateAutomationRuleV2"
	case "UpdateFindings":
		return "BatchUpdateFindingsV2"
	case "DescribeHub":
		return "DescribeSecurityHubV2"
	case "GetInsights", "GetInsightResults":
		return "GetFindingStatisticsV2"
	case "CreateFindingAggregator", "DeleteFindingAggregator", "GetFindingAggregator", "ListFindingAggregators", "UpdateFindingAggregator":
		return strings.Replace(name, "Finding", "", 1) + "V2"
	}
	return name + "V2"
}

// otherwise says what there is where no V2 operation does the work.
func otherwise(name string) string {
	switch name {
	case "BatchImportFindings":
		return "findings come from scans alone; other scanners' reports are brought in with `eksposure ingest` or POST /api/v1/images/{digest}/reports"
	case "GetFindingHistory":
		return "GET /api/v1/findings/{id}/history gives a finding's history"
	}
	return "there is nothing like it here"
}

// unansweredRoutes refuse the operations that have no answer, so that a client hears
// what to call and not that a path is unknown. Who calls has to be known all the same.
func unansweredRoutes(answered []operation) []api.Route {
	known := map[string]bool{}
	for _, o := range answered {
		known[o.name] = true
	}
	var list []api.Route
	for line := range strings.Lines(unanswered) {
		fields := strings.Fields(line)
		name := fields[0]
		text := "eksposure does not answer " + name + ": " + otherwise(name)
		if v2 := instead(name); known[v2] {
			text = "eksposure answers Security Hub's V2 API: use " + v2 + " (aws securityhub " + command(v2) + ")"
		}
		refusal := &api.RefusalError{Code: "InvalidAccessException", Status: http.StatusUnauthorized, Message: text}
		if strings.HasSuffix(name, "V2") { // whose errors are the newer ones
			refusal.Code, refusal.Status = "AccessDeniedException", http.StatusForbidden
		}
		list = append(list, api.Route{
			Operation: name, Method: fields[1], Path: strings.ReplaceAll(fields[2], "+}", "...}"), Action: access.Read,
			Handle: func(http.ResponseWriter, *http.Request, api.Caller) error { return refusal },
			Fail:   operation{}.fail,
		})
	}
	return list
}

// command is an operation as the AWS CLI spells it: get-findings-v2.
func command(name string) string {
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
