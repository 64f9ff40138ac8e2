package ocsf_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
	"github.com/eksposure/eksposure/internal/report/reporttest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func options() ocsf.Options {
	return ocsf.Options{ProductVersion: "1.0.0", ProcessedAt: reporttest.At().Add(time.Minute), Pages: reporttest.Pages()}
}

func findings() map[string]*exposure.Finding {
	return map[string]*exposure.Finding{"checkout": reporttest.Checkout(), "abandoned": reporttest.Abandoned(), "closed": reporttest.Closed()}
}

func encode(t *testing.T, f *exposure.Finding) []byte {
	t.Helper()
	data, err := json.MarshalIndent(ocsf.Finding(f, options()), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(data, '\n')
}

func TestGolden(t *testing.T) {
	for name, f := range findings() {
		t.Run(name, func(t *testing.T) {
			got := encode(t, f)
			path := filepath.Join("testdata", name+".json")
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("run with -update to accept (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSameBytes(t *testing.T) {
	if !bytes.Equal(encode(t, reporttest.Checkout()), encode(t, reporttest.Checkout())) {
		t.Error("the same finding must give the same bytes")
	}
}

// TestShape checks what OCSF requires of class 2004 and of the objects in use,
// and every path of Security Hub's own sample.
func TestShape(t *testing.T) {
	for name, f := range findings() {
		t.Run(name, func(t *testing.T) {
			var doc map[string]any
			if err := json.Unmarshal(encode(t, f), &doc); err != nil {
				t.Fatal(err)
			}
			for _, path := range samplePaths {
				nothingToDo := name == "closed" && strings.HasPrefix(path, "remediation.")
				if len(find(doc, path)) == 0 && !nothingToDo {
					t.Errorf("no %s", path)
				}
			}
			for path, check := range shape {
				for _, v := range find(doc, path) {
					if err := check(v); err != nil {
						t.Errorf("%s = %v: %v", path, v, err)
					}
				}
			}
			walk(t, "", doc)
		})
	}
}

// samplePaths are the fields of Security Hub's published sample.
var samplePaths = strings.Fields(`activity_id activity_name category_name category_uid class_name class_uid
	cloud.account.uid cloud.account.name cloud.cloud_partition cloud.provider cloud.region
	finding_info.analytic.name finding_info.analytic.type finding_info.analytic.type_id finding_info.analytic.uid
	finding_info.created_time finding_info.created_time_dt finding_info.modified_time finding_info.modified_time_dt
	finding_info.first_seen_time finding_info.first_seen_time_dt finding_info.last_seen_time finding_info.last_seen_time_dt
	finding_info.title finding_info.desc finding_info.types finding_info.uid finding_info.related_events_count finding_info.tags.name
	finding_info.related_events.uid finding_info.related_events.title finding_info.related_events.type finding_info.related_events.product.uid
	finding_info.related_events.observables.value finding_info.related_events.traits.category finding_info.related_events.traits.name
	finding_info.related_events.traits.type finding_info.related_events.tags.values
	metadata.product.name metadata.product.uid metadata.product.vendor_name metadata.product.feature.uid
	metadata.uid metadata.version metadata.profiles metadata.extensions.uid metadata.processed_time_dt
	resources.type resources.uid resources.uid_alt resources.name resources.region resources.cloud_partition resources.provider resources.owner.account.uid
	resources.created_time resources.tags.name resources.vpc_uid
	resource_relationship.nodes.name resource_relationship.nodes.type resource_relationship.nodes.uid
	resource_relationship.edges.uid resource_relationship.edges.name resource_relationship.edges.relation resource_relationship.edges.source resource_relationship.edges.target
	remediation.desc remediation.references remediation.kb_article_list.title
	severity severity_id impact impact_id likelihood likelihood_id status status_id time time_dt type_name type_uid
	vendor_attributes.severity vendor_attributes.severity_id`)

// shape is what values must be.
var shape = map[string]func(any) error{
	"class_uid":                        is(2004.0),
	"class_name":                       is("Detection Finding"),
	"category_uid":                     is(2.0),
	"category_name":                    is("Findings"),
	"activity_id":                      oneOf(1.0, 2.0, 3.0),
	"type_uid":                         oneOf(200401.0, 200402.0, 200403.0),
	"type_name":                        oneOf("Detection Finding: Create", "Detection Finding: Update", "Detection Finding: Close"),
	"severity_id":                      oneOf(2.0, 3.0, 4.0, 5.0),
	"status_id":                        oneOf(1.0, 2.0, 3.0, 4.0),
	"impact_id":                        oneOf(0.0, 1.0, 2.0, 3.0),
	"likelihood_id":                    oneOf(2.0, 3.0, 4.0, 5.0),
	"metadata.uid":                     matches(`^[0-9a-f]{64}$`),
	"metadata.version":                 is("1.9.0"),
	"metadata.product.uid":             matches(`^arn:aws[a-z-]*:securityhub:[a-z0-9-]+::productv2/[^/]+/[^/]+$`),
	"metadata.product.feature.uid":     is("security-hub/Exposure"),
	"finding_info.uid":                 matches(`^arn:aws[a-z-]*:securityhub:[a-z0-9-]+:[0-9]{12}:exposure:[0-9a-f]{32}$`),
	"finding_info.types":               matches(`^Exposure/Potential [^/]+(/.+)?$`),
	"finding_info.related_events.type": oneOf("Finding", "ResourceConfiguration"),
	"finding_info.related_events.traits.type":         oneOf("Contributing Trait", "Contextual Trait"),
	"finding_info.related_events.traits.category":     oneOf("Reachability", "Misconfiguration", "Vulnerability"),
	"finding_info.related_events.observables.type":    is("Resource UID"),
	"finding_info.related_events.observables.type_id": is(10.0),
	"resources.uid":                      matches(`^.{1,768}$`),
	"resources.owner.account.uid":        matches(`^[0-9]{12}$`),
	"resource_relationship.nodes.name":   matches(`^Node[0-9]+$`),
	"resource_relationship.edges.source": matches(`^Node[0-9]+$`),
	"resource_relationship.edges.target": matches(`^Node[0-9]+$`),
	"resource_relationship.edges.uid":    matches(`^edge_Node[0-9]+_Node[0-9]+$`),
}

func is(want any) func(any) error { return oneOf(want) }

func oneOf(want ...any) func(any) error {
	return func(v any) error {
		if !slices.Contains(want, v) {
			return fmt.Errorf("want one of %v", want)
		}
		return nil
	}
}

func matches(pattern string) func(any) error {
	re := regexp.MustCompile(pattern)
	return func(v any) error {
		s, ok := v.(string)
		if !ok || !re.MatchString(s) {
			return fmt.Errorf("want %s", pattern)
		}
		return nil
	}
}

// find gives all values at a path, through arrays.
func find(v any, path string) []any {
	if list, ok := v.([]any); ok {
		var all []any
		for _, item := range list {
			all = append(all, find(item, path)...)
		}
		return all
	}
	if path == "" {
		return []any{v}
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	name, rest, _ := strings.Cut(path, ".")
	next, ok := m[name]
	if !ok {
		return nil
	}
	return find(next, rest)
}

// walk checks what holds everywhere: every X_time has an X_time_dt that is the
// same moment, and nothing is null.
func walk(t *testing.T, path string, v any) {
	t.Helper()
	switch v := v.(type) {
	case nil:
		t.Errorf("%s is null", path)
	case []any:
		for _, item := range v {
			walk(t, path, item)
		}
	case map[string]any:
		for name, value := range v {
			if path == "" && name == "unmapped" {
				continue
			}
			walk(t, path+"."+name, value)
			ms, isNumber := value.(float64)
			if (name != "time" && !strings.HasSuffix(name, "_time")) || !isNumber {
				continue
			}
			text, _ := v[name+"_dt"].(string)
			at, err := time.Parse(time.RFC3339, text)
			if err != nil || at.UnixMilli() != int64(ms) {
				t.Errorf("%s.%s is %v but its _dt is %q", path, name, int64(ms), text)
			}
		}
	}
}

func TestVersionIsStated(t *testing.T) {
	o := options()
	o.Version = "1.6.0"
	if got := ocsf.Finding(reporttest.Checkout(), o).Metadata.Version; got != "1.6.0" {
		t.Errorf("got %q", got)
	}
}

func TestOverrideIsShown(t *testing.T) {
	f := reporttest.Checkout()
	f.Override = &exposure.Override{Severity: "Informational", Status: exposure.StatusSuppressed, Comment: "accepted", By: "key", Facts: f.Facts()}
	d := ocsf.Finding(f, options())
	if d.Severity != "Informational" || d.SeverityID != 1 || d.Status != "Suppressed" || d.StatusID != 3 || d.Comment != "accepted" {
		t.Errorf("what was set must be shown: %s %d, %s %d, %q", d.Severity, d.SeverityID, d.Status, d.StatusID, d.Comment)
	}
	if d.VendorAttributes.Severity != string(f.Severity) || d.VendorAttributes.SeverityID != ocsf.SeverityID(string(f.Severity)) {
		t.Errorf("the computed severity must stay: %+v", d.VendorAttributes)
	}
}

func TestNamesAndNumbers(t *testing.T) {
	for id, name := range map[int]string{0: "Unknown", 1: "Informational", 2: "Low", 3: "Medium", 4: "High", 5: "Critical", 6: "Fatal", 99: "Other"} {
		if got, ok := ocsf.SeverityName(id); got != name || !ok || ocsf.SeverityID(name) != id {
			t.Errorf("severity %d is %q, and %q is %d", id, got, name, ocsf.SeverityID(name))
		}
	}
	for id, name := range map[int]exposure.Status{
		0: exposure.StatusUnknown, 1: exposure.StatusNew, 2: exposure.StatusInProgress, 3: exposure.StatusSuppressed, 4: exposure.StatusResolved,
		5: exposure.StatusArchived, 99: exposure.StatusOther,
	} {
		if got, ok := ocsf.StatusName(id); got != name || !ok || ocsf.StatusID(name) != id {
			t.Errorf("status %d is %q, and %q is %d", id, got, name, ocsf.StatusID(name))
		}
	}
	if _, ok := ocsf.SeverityName(7); ok {
		t.Error("there is no severity 7")
	}
	if _, ok := ocsf.StatusName(-1); ok {
		t.Error("there is no status -1")
	}
}

func TestVulnerabilities(t *testing.T) {
	f := reporttest.Checkout()
	image := f.Trait("high-priority-vulnerability").Evidence[0].Image
	image.Worst = append(image.Worst, exposure.Match{ID: "CVE-2021-44228", Package: "log4j-api", Version: "2.14.1"})
	got := ocsf.Finding(f, options()).Vulnerabilities[0]
	want := ocsf.Vulnerability{
		CVE: ocsf.CVE{UID: "CVE-2021-44228", EPSS: &ocsf.EPSS{Score: "0.944"}, CVSS: []ocsf.CVSS{{
			BaseScore: 10, Severity: "Critical", Version: "3.1", VectorString: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
		}}},
		AffectedPackages: []ocsf.AffectedPackage{
			{Name: "log4j-core", Version: "2.14.1", FixedInVersion: "2.15.0", PackageManager: "java-archive"}, {Name: "log4j-api", Version: "2.14.1"},
		},
		FixCoverage: "Partial", IsExploitAvailable: true, IsFixAvailable: true, Severity: "Critical",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNothingIsLost(t *testing.T) {
	f := reporttest.Checkout()
	d := ocsf.Finding(f, options())
	if diff := cmp.Diff(f.Traits, d.Unmapped.Eksposure.Traits); diff != "" {
		t.Errorf("traits (-want +got):\n%s", diff)
	}
	if len(d.FindingInfo.RelatedEvents) != len(f.Signals) || len(d.Resources) != len(f.Resources) || len(d.ResourceRelationship.Nodes) != len(f.Path.Nodes) {
		t.Error("signals, resources or path nodes are missing")
	}
	if !d.Unmapped.Eksposure.Traits[2].Stale {
		t.Errorf("the fixture must have a stale trait: %+v", d.Unmapped.Eksposure.Traits[2])
	}
	if d.Resources[0].Type != "AWS::EKS::Cluster" {
		t.Errorf("the primary resource must be first, got %s", d.Resources[0].Type)
	}
}
