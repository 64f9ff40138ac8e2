package securityhub_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const bucket = `"Destination":{"S3":{"BucketArn":"arn:aws:s3:::nordhafen-findings","KmsKeyArn":"arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab","ObjectPrefix":"daily"}}`

func TestTheLifeOfAnExport(t *testing.T) {
	w := start(t)
	const filters = `{"CompositeFilters":[{"StringFilters":[{"FieldName":"status","Filter":{"Value":"New","Comparison":"EQUALS"}}],` +
		`"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"DateRange":{"Value":7,"Unit":"DAYS"}}}]}]}`
	body := `{"Name":"daily","ClientToken":"t-1",` + bucket + `,"OutputConfiguration":{"Findings":{"Format":"CSV","Filters":` + filters + `,"SelectedFields":["severity","finding_info.title"]}}}`
	status, _, first := w.call("POST", "/exportjobsv2", body)
	if status != 202 {
		t.Fatalf("start: %d %v", status, first)
	}
	if _, _, again := w.call("POST", "/exportjobsv2", body); again["ExportJobId"] != first["ExportJobId"] {
		t.Errorf("the same again: %v, want %v", again, first)
	}
	if status, name, _ := w.call("POST", "/exportjobsv2", strings.Replace(body, "t-1", "t-2", 1)); status != 402 || name != "ServiceQuotaExceededException" {
		t.Errorf("a second job: %d %s", status, name)
	}
	if _, name, _ := w.call("POST", "/exportjobsv2", strings.Replace(body, "daily", "weekly", 1)); name != "ConflictException" {
		t.Errorf("the same token with another name: %s", name)
	}
	path := fmt.Sprintf("/exportjobsv2/%s", first["ExportJobId"])
	_, _, got := w.call("GET", path, "")
	want := map[string]any{"Findings": map[string]any{
		"Format": "CSV", "SelectedFields": []any{"severity", "finding_info.title"},
		"Filters": map[string]any{"CompositeFilters": []any{map[string]any{
			"StringFilters": []any{map[string]any{"FieldName": "status", "Filter": map[string]any{"Value": "New", "Comparison": "EQUALS"}}},
			"DateFilters":   []any{map[string]any{"FieldName": "finding_info.created_time_dt", "Filter": map[string]any{"DateRange": map[string]any{"Value": 7.0, "Unit": "DAYS"}}}},
		}}},
	}}
	if diff := cmp.Diff(any(want), got["OutputConfiguration"]); diff != "" || got["Status"] != "RUNNING" {
		t.Errorf("status %v, output (-want +got):\n%s", got["Status"], diff)
	}
	_, _, list := w.call("GET", "/exportjobsv2?Status=RUNNING&DataType=FINDINGS&MaxResults=20", "")
	if items, _ := list["Items"].([]any); len(items) != 1 {
		t.Errorf("jobs %v", list)
	}
	for range 2 { // idempotent
		if status, _, out := w.call("POST", path+"/cancel", ""); status != 200 || out["Status"] != "CANCELLED" {
			t.Errorf("cancel: %d %v", status, out)
		}
	}
	w.caller.ID = "EKSPOTHER"
	if status, name, _ := w.call("GET", path, ""); status != 404 || name != "ResourceNotFoundException" {
		t.Errorf("another caller: %d %s", status, name)
	}
}

func TestRefusedExports(t *testing.T) {
	w := start(t)
	for _, test := range []struct{ method, path, body, code string }{
		{"POST", "/exportjobsv2", `{}`, "ValidationException"},
		{"POST", "/exportjobsv2", `{` + bucket + `}`, "ValidationException"},
		{"POST", "/exportjobsv2", `{"Destination":{"S3":{"BucketArn":"arn:aws:s3:::b"}},"OutputConfiguration":{"Findings":{"Format":"OCSF_JSON"}}}`, "ValidationException"},
		{"POST", "/exportjobsv2", `{` + bucket + `,"OutputConfiguration":{"Findings":{"Format":"CSV"}}}`, "ValidationException"},
		{"POST", "/exportjobsv2", `{` + bucket + `,"OutputConfiguration":{"Findings":{"Format":"OCSF_JSON","SelectedFields":["severity"]}}}`, "ValidationException"},
		{"POST", "/exportjobsv2", `{"Name":"a|b",` + bucket + `,"OutputConfiguration":{"Findings":{"Format":"OCSF_JSON"}}}`, "ValidationException"},
		{"POST", "/exportjobsv2", `{` + bucket + `,"OutputConfiguration":{"Findings":{"Format":"OCSF_JSON"}},"Scopes":{"AwsOrganizations":[{"OrganizationId":"o-1"}]}}`, "OrganizationNotFoundException"},
		{"GET", "/exportjobsv2?MaxResults=21", ``, "ValidationException"},
		{"GET", "/exportjobsv2?Status=DONE", ``, "ValidationException"},
		{"GET", "/exportjobsv2/nothing", ``, "ResourceNotFoundException"},
		{"GET", "/exportjobsv2/NO%2FTHING", ``, "ResourceNotFoundException"},
		{"POST", "/exportjobsv2/nothing/cancel", ``, "ResourceNotFoundException"},
	} {
		if _, name, answer := w.call(test.method, test.path, test.body); name != test.code {
			t.Errorf("%s %s %s: %s %v, want %s", test.method, test.path, test.body, name, answer, test.code)
		}
	}
}
