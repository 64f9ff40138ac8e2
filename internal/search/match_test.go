package search_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/search"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const document = `{
	"status": "New", "severity_id": 5, "comment": "",
	"cloud": {"account": {"uid": "111122223333"}, "region": "eu-central-1"},
	"finding_info": {
		"title": "Potential Initial Access: EKS cluster",
		"types": ["Exposure/Potential Initial Access/Public", "Exposure/Other"],
		"created_time_dt": "2026-11-23T12:00:00.000Z",
		"related_events": [{"traits": [{"category": "Reachability"}]}, {"traits": [{"category": "Vulnerability"}, {"category": "Impact"}]}],
		"tags": [{"name": "Vulnerability", "values": ["a title", "another"]}]
	},
	"resources": [
		{"type": "AWS::EKS::Cluster", "tags": [{"name": "team", "value": "shop"}, {"name": "env", "value": "production"}]},
		{"type": "AWS::EC2::VPC", "image": {"in_use_count": 3}},
		{"type": "Container::Image", "image": {"in_use_count": 9}}
	],
	"compliance": {"control_parameters": {"days": "90"}},
	"vulnerabilities": [{"is_fix_available": true}],
	"evidences": [{"src_endpoint": {"ip": "10.1.2.3"}}]
}`

// parse reads filters in the API's JSON.
func parse(t *testing.T, text string) search.Filters {
	t.Helper()
	var f search.Filters
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return f
}

// texts writes a composite filter of text filters: "field COMPARISON value; …".
func texts(list string) string {
	var filters []string
	for f := range strings.SplitSeq(list, "; ") {
		parts := strings.SplitN(f, " ", 3)
		filters = append(filters, `{"FieldName":"`+parts[0]+`","Filter":{"Comparison":"`+parts[1]+`","Value":"`+parts[2]+`"}}`)
	}
	return `"StringFilters":[` + strings.Join(filters, ",") + `]`
}

func one(list string) string { return `{"CompositeFilters":[{` + texts(list) + `}]}` }

func TestMatch(t *testing.T) {
	doc, err := search.Decode([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		why, filters string
		want         bool
	}{
		{"nothing asked", `{}`, true},
		{"nothing asked, in any form", `{"CompositeFilters":[{},{"NestedCompositeFilters":[{}]}],"CompositeOperator":"OR"}`, true},
		{"an empty composite asks for nothing beside another", `{"CompositeFilters":[{},{` + texts("status EQUALS Resolved") + `}],"CompositeOperator":"OR"}`, false},

		{"equal", one("status EQUALS New"), true},
		{"case counts", one("status EQUALS new"), false},
		{"a missing field equals nothing", one("class_name EQUALS x"), false},
		{"a missing field is excluded by nothing", one("class_name NOT_EQUALS x; class_name NOT_EQUALS y"), true},
		{"alternatives of one field", one("status EQUALS Resolved; status EQUALS New"), true},
		{"prefix or equal", one("status EQUALS Resolved; status PREFIX Ne"), true},
		{"exclusions of one field are all meant", one("status NOT_EQUALS Resolved; status NOT_EQUALS New"), false},
		{"prefix, then exclusion", one("status PREFIX N; status NOT_EQUALS Nothing"), true},
		{"prefix, then exclusion of it", one("status PREFIX N; status PREFIX_NOT_EQUALS Ne"), false},
		{"two fields", one("status EQUALS New; cloud.region EQUALS us-east-1"), false},
		{"two fields, one is enough", `{"CompositeFilters":[{` + texts("status EQUALS New; cloud.region EQUALS us-east-1") + `,"Operator":"OR"}]}`, true},
		{"alternatives of one field whatever the operator", `{"CompositeFilters":[{` + texts("status EQUALS New; status EQUALS Resolved; cloud.region PREFIX eu") + `,"Operator":"AND"}]}`, true},
		{"exclusions of one field whatever the operator", `{"CompositeFilters":[{` + texts("status NOT_EQUALS New; status NOT_EQUALS Resolved") + `,"Operator":"OR"}]}`, false},

		{"contains", one("finding_info.title CONTAINS Initial"), true},
		{"contains not", one("finding_info.title NOT_CONTAINS Initial"), false},
		{"a word", one("finding_info.title CONTAINS_WORD EKS"), true},
		{"a part of a word", one("finding_info.title CONTAINS_WORD clus"), false},
		{"several words", one("finding_info.title CONTAINS_WORD Initial Access: EKS"), true},

		{"one of a list", one("finding_info.types EQUALS Exposure/Other"), true},
		{"a list excludes when one is excluded", one("finding_info.types NOT_EQUALS Exposure/Other"), false},
		{"a list of lists", one("finding_info.related_events.traits.category EQUALS Impact"), true},
		{"different elements may satisfy different tests", one("finding_info.related_events.traits.category EQUALS Impact; resources.type EQUALS AWS::EC2::VPC"), true},

		{"a tag", `{"CompositeFilters":[{"MapFilters":[{"FieldName":"resources.tags","Filter":{"Key":"team","Value":"shop","Comparison":"EQUALS"}}]}]}`, true},
		{"a tag of another name", `{"CompositeFilters":[{"MapFilters":[{"FieldName":"resources.tags","Filter":{"Key":"env","Value":"shop","Comparison":"EQUALS"}}]}]}`, false},
		{"a tag that is not there", `{"CompositeFilters":[{"MapFilters":[{"FieldName":"resources.tags","Filter":{"Key":"none","Value":"shop","Comparison":"NOT_EQUALS"}}]}]}`, true},
		{"a part of a tag's value", `{"CompositeFilters":[{"MapFilters":[{"FieldName":"resources.tags","Filter":{"Key":"env","Value":"prod","Comparison":"CONTAINS"}}]}]}`, true},
		{"two tags are two tests", `{"CompositeFilters":[{"MapFilters":[
			{"FieldName":"resources.tags","Filter":{"Key":"team","Value":"shop","Comparison":"EQUALS"}},
			{"FieldName":"resources.tags","Filter":{"Key":"env","Value":"test","Comparison":"EQUALS"}}]}]}`, false},
		{"a tag of several values", `{"CompositeFilters":[{"MapFilters":[{"FieldName":"finding_info.tags","Filter":{"Key":"Vulnerability","Value":"another","Comparison":"EQUALS"}}]}]}`, true},
		{"an object is a map", `{"CompositeFilters":[{"MapFilters":[{"FieldName":"compliance.control_parameters","Filter":{"Key":"days","Value":"90","Comparison":"EQUALS"}}]}]}`, true},

		{"a number", `{"CompositeFilters":[{"NumberFilters":[{"FieldName":"severity_id","Filter":{"Gte":4,"Lt":6}}]}]}`, true},
		{"one of several numbers", `{"CompositeFilters":[{"NumberFilters":[{"FieldName":"resources.image.in_use_count","Filter":{"Gt":3.5}}]}]}`, true},
		{"bounds are of one number", `{"CompositeFilters":[{"NumberFilters":[{"FieldName":"resources.image.in_use_count","Filter":{"Gt":3,"Lt":9}}]}]}`, false},
		{"two number filters are two tests", `{"CompositeFilters":[{"NumberFilters":[{"FieldName":"severity_id","Filter":{"Eq":5}},{"FieldName":"severity_id","Filter":{"Eq":4}}]}]}`, false},
		{"a missing number", `{"CompositeFilters":[{"NumberFilters":[{"FieldName":"confidence_score","Filter":{"Lte":100}}]}]}`, false},

		{"the window has its ends", `{"CompositeFilters":[{"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"Start":"2026-11-23T12:00:00Z","End":"2026-11-23T13:00:00+01:00"}}]}]}`, true},
		{"before the window", `{"CompositeFilters":[{"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"Start":"2026-11-23T12:00:00.000000001Z"}}]}]}`, false},
		{"within a day", `{"CompositeFilters":[{"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"DateRange":{"Value":1,"Unit":"DAYS"}}}]}]}`, true},
		{"not older than a day", `{"CompositeFilters":[{"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"DateRange":{"Value":1,"Unit":"DAYS","Comparison":"OLDER_THAN"}}}]}]}`, false},
		{"older than now", `{"CompositeFilters":[{"DateFilters":[{"FieldName":"finding_info.created_time_dt","Filter":{"DateRange":{"Value":0,"Unit":"DAYS","Comparison":"OLDER_THAN"}}}]}]}`, true},

		{"a boolean", `{"CompositeFilters":[{"BooleanFilters":[{"FieldName":"vulnerabilities.is_fix_available","Filter":{"Value":true}}]}]}`, true},
		{"a missing boolean is not false", `{"CompositeFilters":[{"BooleanFilters":[{"FieldName":"vulnerabilities.is_exploit_available","Filter":{"Value":false}}]}]}`, false},
		{"an address", `{"CompositeFilters":[{"IpFilters":[{"FieldName":"evidences.src_endpoint.ip","Filter":{"Cidr":"10.0.0.0/8"}}]}]}`, true},
		{"an address outside", `{"CompositeFilters":[{"IpFilters":[{"FieldName":"evidences.src_endpoint.ip","Filter":{"Cidr":"10.1.2.4"}}]}]}`, false},

		{"nested", `{"CompositeFilters":[{` + texts("status EQUALS New") + `,"NestedCompositeFilters":[
			{` + texts("cloud.region EQUALS us-east-1; resources.type EQUALS AWS::EC2::VPC") + `,"Operator":"OR"}]}]}`, true},
		{"composites by their operator", `{"CompositeOperator":"OR","CompositeFilters":[{` + texts("status EQUALS Resolved") + `},{` + texts("cloud.region PREFIX eu") + `}]}`, true},
		{"composites are all meant", `{"CompositeFilters":[{` + texts("status EQUALS Resolved") + `},{` + texts("cloud.region PREFIX eu") + `}]}`, false},
	} {
		f := parse(t, test.filters)
		if err := f.Validate(search.FindingSchema(), search.Searching); err != nil {
			t.Errorf("%s: %v", test.why, err)
			continue
		}
		if got := f.Match(search.FindingSchema(), doc, now); got != test.want {
			t.Errorf("%s: %v, want %v\n%s", test.why, got, test.want, test.filters)
		}
	}
}

func TestContainsWord(t *testing.T) {
	for _, test := range []struct {
		text, word string
		want       bool
	}{
		{"a bc d", "bc", true},
		{"abc", "bc", false},
		{"abc bc", "bc", true},
		{"x_bc", "bc", false},
		{"x-bc/", "bc", true},
		{"größe", "gr", false},
		{"bc", "bc", true},
		{"a::b", "::", true},
		{"aaa", "aa", false},
	} {
		is := search.StringIs{Value: test.word, Comparison: search.ContainsWord}
		if got := is.Matches(test.text); got != test.want {
			t.Errorf("%q in %q: %v", test.word, test.text, got)
		}
	}
}

func TestSortBy(t *testing.T) {
	doc, err := search.Decode([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]search.SortValue{
		"cloud.region":                     {Text: "eu-central-1"},
		"severity":                         {Number: 5},
		"comment":                          {Text: ""},
		"class_name":                       {Missing: true},
		"resources.type":                   {Text: "AWS::EC2::VPC"},
		"resources.image.in_use_count":     {Number: 3},
		"finding_info.created_time_dt":     {Number: 1795435200000},
		"vulnerabilities.is_fix_available": {Text: "true"},
	} {
		if diff := cmp.Diff(want, search.SortBy(search.FindingSchema(), doc, field)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", field, diff)
		}
	}
	missing, present := search.SortValue{Missing: true}, search.SortValue{Text: "a"}
	for _, o := range []search.Order{search.Ascending, search.Descending} {
		if o.Compare(missing, present) <= 0 || o.Compare(present, missing) >= 0 || o.Compare(missing, missing) != 0 {
			t.Errorf("%s: what is missing must be last", o)
		}
	}
	long := strings.Repeat("ä", search.SortKeyBytes)
	if a, b := search.SortKey(long), search.SortKey(long+"x"); a == b || len(a) > search.SortKeyBytes+32 {
		t.Errorf("long texts must have short and different keys")
	}
}

func TestPoints(t *testing.T) {
	at := func(text string) time.Time { return must(t, text) }
	if got := search.Points(at("2026-01-31T10:00:00Z"), at("2026-02-02T00:00:00Z")); len(got) != 3 || got[0] != at("2026-01-31") {
		t.Errorf("daily: %v", got)
	}
	if got := search.Points(at("2026-01-31"), at("2026-03-31")); len(got) != 9 {
		t.Errorf("weekly: %v", got)
	}
	want := []time.Time{at("2026-01-31"), at("2026-02-28"), at("2026-03-31")}
	if diff := cmp.Diff(want, search.Points(at("2026-01-31"), at("2026-12-31"))[:3]); diff != "" {
		t.Errorf("monthly (-want +got):\n%s", diff)
	}
}

func must(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := search.ParseTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
