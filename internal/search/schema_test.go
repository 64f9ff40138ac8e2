package search_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/search"
)

// TestSchemas compares the fields with the enums of the Security Hub service model.
func TestSchemas(t *testing.T) {
	data, err := os.ReadFile("testdata/model.json")
	if err != nil {
		t.Fatal(err)
	}
	var model struct {
		Enums map[string][]string `json:"enums"`
	}
	if err := json.Unmarshal(data, &model); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		schema *search.Schema
		kinds  map[search.Kind]string
		groups string
		extra  []string
	}{
		{search.FindingSchema(), map[search.Kind]string{
			search.Text: "OcsfStringField", search.Date: "OcsfDateField", search.Boolean: "OcsfBooleanField", search.Number: "OcsfNumberField",
			search.Map: "OcsfMapField", search.Address: "OcsfIpField",
		}, "GroupByField", []string{search.FeatureField}},
		{search.ResourceSchema(), map[search.Kind]string{
			search.Text: "ResourcesStringField", search.Date: "ResourcesDateField", search.Number: "ResourcesNumberField", search.Map: "ResourcesMapField",
		}, "ResourceGroupByField", nil},
		{search.FindingTrendSchema(), map[search.Kind]string{search.Text: "FindingsTrendsStringField"}, "", nil},
		{search.ResourceTrendSchema(), map[search.Kind]string{search.Text: "ResourcesTrendsStringField"}, "", nil},
	} {
		got := map[search.Kind][]string{}
		for _, f := range test.schema.Fields() {
			k, _ := test.schema.Kind(f)
			if !slices.Contains(test.extra, f) {
				got[k] = append(got[k], f)
			}
		}
		want := map[search.Kind][]string{}
		for k, enum := range test.kinds {
			want[k] = model.Enums[enum]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("fields (-model +schema):\n%s", diff)
		}
		if diff := cmp.Diff(model.Enums[test.groups], test.schema.Groups()); test.groups != "" && diff != "" {
			t.Errorf("groups (-model +schema):\n%s", diff)
		}
	}
}
