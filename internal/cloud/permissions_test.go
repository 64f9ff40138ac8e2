package cloud_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
)

// The calls of a whole run are exactly the permissions: none too many to ask
// for, none too few to work.
func TestPermissionsAreTheCallsMade(t *testing.T) {
	f := newFake(t)
	organization(f)
	fullCluster(f)
	f.set(map[string]any{"ecr:GetAuthorizationToken": ecrToken("AWS:x", now.Add(time.Hour))})
	c := f.client(cloud.Config{Organization: true, RoleName: "scan"})
	if _, err := c.Clusters(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := c.Describe(t.Context(), shop)
	if err != nil || len(got.Gaps) != 0 {
		t.Fatalf("gaps = %+v, %v", got.Gaps, err)
	}
	if _, _, err := c.Token(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.RegistryLogin(t.Context(), member+".dkr.ecr.eu-west-1.amazonaws.com"); err != nil {
		t.Fatal(err)
	}
	var want, registry []string
	for _, p := range cloud.Permissions() {
		if p.Why == "" {
			t.Errorf("%s has no reason", p.Action)
		}
		if p.Scope == cloud.ScopeInspector || p.Scope == cloud.ScopePlan {
			continue // not by a scan
		}
		if p.Scope == cloud.ScopeUpgrade {
			continue // only to draft an upgrade; TestReadiness makes the calls
		}
		if p.Scope == cloud.ScopeEndpoint {
			continue // only to draft a change of the endpoint; TestNetwork makes the calls
		}
		if p.Scope == cloud.ScopeCallers {
			continue // only to draft ranges from callers; TestCallers makes the calls
		}
		if p.Scope == cloud.ScopeRegistry {
			registry = append(registry, p.Action)
			continue
		}
		want = append(want, p.Action)
	}
	if diff := cmp.Diff(want, f.made()); diff != "" {
		t.Errorf("-permissions +calls:\n%s", diff)
	}
	// Pulling an image needs these two besides the password (ECR user guide,
	// "Private repository policy examples"); AWS's registry asks for them, not its API.
	if diff := cmp.Diff([]string{"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}, registry); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !slices.IsSorted(want) {
		t.Error("permissions are not sorted")
	}
}

func TestPolicies(t *testing.T) {
	trust := cloud.Trust{Partition: "aws-cn", CallerARN: "arn:aws-cn:iam::1:role/ci", RoleName: "/p/scan", ExternalID: "x"}
	var seen []string
	for name, text := range map[string]string{"read": cloud.ReadPolicy(), "inspector": cloud.InspectorPolicy(), "upgrade": cloud.UpgradePolicy(), "endpoint": cloud.EndpointPolicy(), "callers": cloud.CallersPolicy(), "caller": trust.CallerPolicy(), "trust": trust.TrustPolicy()} {
		var doc struct {
			Version   string `json:"Version"`
			Statement []struct {
				Sid       string                       `json:"Sid"`
				Effect    string                       `json:"Effect"`
				Action    []string                     `json:"Action"`
				Resource  []string                     `json:"Resource"`
				Principal map[string]string            `json:"Principal"`
				Condition map[string]map[string]string `json:"Condition"`
			} `json:"Statement"`
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range doc.Statement {
			if doc.Version != "2012-10-17" || s.Sid == "" || s.Effect != "Allow" || len(s.Action) == 0 {
				t.Errorf("%s: %s", name, text)
			}
			if name != "trust" {
				seen = append(seen, s.Action...)
			}
			if name == "trust" && (s.Principal["AWS"] != trust.CallerARN || s.Condition["StringEquals"]["sts:ExternalId"] != "x" || s.Resource != nil) {
				t.Errorf("trust: %s", text)
			}
			if name == "caller" && s.Sid == "EksposureAssume" && !slices.Equal(s.Resource, []string{"arn:aws-cn:iam::*:role/p/scan"}) {
				t.Errorf("caller: %s", text)
			}
		}
	}
	slices.Sort(seen)
	var all []string
	for _, p := range cloud.Permissions() {
		all = append(all, p.Action)
	}
	if diff := cmp.Diff(all, seen); diff != "" {
		t.Errorf("the policies together are the table: -want +got:\n%s", diff)
	}
}
