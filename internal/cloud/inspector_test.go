package cloud_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/vuln"
)

const imageDigest = "sha256:1111111111111111111111111111111111111111111111111111111111111111"

// inspected starts an estate in which Inspector knows one image, and gives a client
// of the account that has it.
func inspected(t *testing.T, allow []string, findings ...estate.ImageFinding) *cloud.Client {
	t.Helper()
	user := estate.User{Name: "audit", AccessKey: "AKIAINSPECTOR0000001", Allow: append([]string{"sts:GetCallerIdentity"}, allow...)}
	e, err := estate.Start(t.Context(), estate.Config{Now: time.Now, Scenario: &estate.Scenario{AsOf: now, Accounts: []estate.Account{{
		ID: member, Name: "Images", Regions: []estate.Region{{Name: "eu-west-1", OptStatus: "ENABLED_BY_DEFAULT"}},
		Users: []estate.User{user}, ImageFindings: findings,
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	for _, setting := range e.Env() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	environment(t, map[string]string{
		"AWS_CA_BUNDLE": os.Getenv("AWS_CA_BUNDLE"), "AWS_ENDPOINT_URL": e.URL(), "AWS_ACCESS_KEY_ID": user.AccessKey, "AWS_SECRET_ACCESS_KEY": e.Secret(user.AccessKey), "AWS_REGION": "eu-west-1",
	})
	c, err := cloud.New(t.Context(), cloud.Config{Attempts: 1, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func found(id string, change func(*estate.ImageFinding)) estate.ImageFinding {
	f := estate.ImageFinding{
		Region: "eu-west-1", Repository: "shop/search", Digest: imageDigest, Platform: "DEBIAN_11", Vulnerability: id, Title: id, Severity: "HIGH",
		Packages: []estate.FoundPackage{{Name: "expat", Version: "2.2.10", Release: "2", Manager: "OS"}}, LastSeen: now.Add(-time.Hour), Clusters: []string{"shop"},
	}
	if change != nil {
		change(&f)
	}
	return f
}

const ofMember = member + ".dkr.ecr.eu-west-1.amazonaws.com/shop/search"

func TestImageReport(t *testing.T) {
	many := make([]estate.ImageFinding, 0, 150)
	many = append(many, found("CVE-2021-44228", func(f *estate.ImageFinding) {
		f.Severity, f.Vector, f.Score, f.EPSS, f.Exploit = "CRITICAL", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10, 0.97, true
		f.Packages = []estate.FoundPackage{
			{Name: "log4j-core", Version: "2.14.1", Manager: "JAR", Path: "app.jar", FixedIn: "2.15.0"},
			{Name: "expat", Version: "2.2.10", Release: "2", Epoch: 1, Manager: "OS", FixedIn: "0:2.2.10-3"},
		}
	}))
	for i := range 149 { // more than a page
		many = append(many, found("CVE-2020-"+string(rune('a'+i%26))+string(rune('a'+i/26)), func(f *estate.ImageFinding) {
			if i == 0 {
				f.Status = "SUPPRESSED"
			}
		}))
	}
	many = append(many,
		found("CVE-CLOSED", func(f *estate.ImageFinding) { f.Status = "CLOSED" }),
		found("CVE-OTHER", func(f *estate.ImageFinding) { f.Repository = "shop/other" }))
	c := inspected(t, exactly(cloud.ScopeInspector), many...)
	r, ok, err := c.ImageReport(t.Context(), ofMember, imageDigest)
	if err != nil || !ok {
		t.Fatalf("%v, %v", ok, err)
	}
	if len(r.Matches) != 151 {
		t.Errorf("%d matches, want 151", len(r.Matches))
	}
	worst := r.Matches[:2]
	want := []vuln.Match{
		{
			ID: "CVE-2021-44228", Severity: "Critical", Description: "CVE-2021-44228", URL: "https://nvd.nist.gov/vuln/detail/CVE-2021-44228", Source: "NVD", Exploit: true,
			CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10, Version: "3.1"}, EPSS: &vuln.EPSS{Score: 0.97},
			Package: vuln.Package{Name: "expat", Version: "1:2.2.10-2", Type: "deb"}, Fix: vuln.FixKnown, FixedIn: []string{"2.2.10-3"}, Aliases: []string{},
		},
		{
			ID: "CVE-2021-44228", Severity: "Critical", Description: "CVE-2021-44228", URL: "https://nvd.nist.gov/vuln/detail/CVE-2021-44228", Source: "NVD", Exploit: true,
			CVSS: vuln.CVSS{Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", Score: 10, Version: "3.1"}, EPSS: &vuln.EPSS{Score: 0.97},
			Package: vuln.Package{Name: "log4j-core", Version: "2.14.1", Type: "java-archive", Path: "app.jar"}, Fix: vuln.FixKnown, FixedIn: []string{"2.15.0"}, Aliases: []string{},
		},
	}
	if diff := cmp.Diff(want, worst); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if last := r.Matches[len(r.Matches)-1]; last.EPSS != nil || !last.CVSS.IsZero() || last.Fix != vuln.FixNone {
		t.Errorf("what Inspector leaves out stays unknown: %+v", last)
	}
	if diff := cmp.Diff(vuln.OS{ID: "debian", Version: "11"}, r.OS); diff != "" {
		t.Errorf("OS (-want +got):\n%s", diff)
	}
	seen := []vuln.SeenOn{{ClusterARN: "arn:aws:eks:eu-west-1:" + member + ":cluster/shop", LastInUse: now.Add(-time.Hour), Running: 1}}
	if diff := cmp.Diff(seen, r.Clusters); diff != "" || r.Source != "inspector" || !r.At().Equal(now) {
		t.Errorf("%s at %s, clusters (-want +got):\n%s", r.Source, r.At(), diff)
	}
}

// What Inspector has no word for is unknown, and never a clean image.
func TestNoImageReport(t *testing.T) {
	c := inspected(t, exactly(cloud.ScopeInspector), found("CVE-1", nil))
	for why, image := range map[string][2]string{
		"another image":      {ofMember, "sha256:2222222222222222222222222222222222222222222222222222222222222222"},
		"another repository": {member + ".dkr.ecr.eu-west-1.amazonaws.com/shop/none", imageDigest},
		"another's registry": {management + ".dkr.ecr.eu-west-1.amazonaws.com/shop/search", imageDigest},
		"no ECR registry":    {"quay.io/shop/search", imageDigest},
		"no registry":        {"search", imageDigest},
	} {
		if r, ok, err := c.ImageReport(t.Context(), image[0], image[1]); ok || err != nil || len(r.Matches) > 0 {
			t.Errorf("%s: %+v, %v, %v", why, r, ok, err)
		}
	}
	denied := inspected(t, nil, found("CVE-1", nil))
	if _, ok, err := denied.ImageReport(t.Context(), ofMember, imageDigest); ok || !errors.Is(err, fault.ErrDenied) {
		t.Errorf("without the right: %v, %v", ok, err)
	}
	half := inspected(t, []string{"inspector2:ListFindings"}, found("CVE-1", nil))
	if r, ok, err := half.ImageReport(t.Context(), ofMember, imageDigest); !ok || err != nil || len(r.Clusters) != 0 {
		t.Errorf("without the right to see clusters: %+v, %v, %v", r, ok, err)
	}
}
