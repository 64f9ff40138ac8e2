package cloud_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/cloud"
	"github.com/eksposure/eksposure/internal/estate"
	"github.com/eksposure/eksposure/internal/estate/images"
	"github.com/eksposure/eksposure/internal/inventory"
)

const externalID = "nordhafen-2026"

// exactly gives the actions of the published table, and no more.
func exactly(scopes ...cloud.Scope) []string {
	var actions []string
	for _, p := range cloud.Permissions() {
		if slices.Contains(scopes, p.Scope) {
			actions = append(actions, p.Action)
		}
	}
	return actions
}

// startEstate runs the demo's estate whose principals may do exactly what
// Permissions lists, and points the SDK at it.
func startEstate(t *testing.T) *estate.Estate {
	t.Helper()
	published, err := images.New()
	if err != nil {
		t.Fatal(err)
	}
	scenario := estate.Demo(published)
	for i := range scenario.Accounts {
		a := &scenario.Accounts[i]
		for j := range a.Roles {
			a.Roles[j].Allow = exactly(cloud.ScopeAccount, cloud.ScopeRegistry)
			a.Roles[j].ExternalID = externalID
		}
		for j := range a.Users {
			a.Users[j].Allow = exactly(cloud.ScopeAccount, cloud.ScopeRegistry, cloud.ScopeCaller)
		}
	}
	return enter(t, estate.Config{Scenario: scenario, Images: published, Now: time.Now})
}

// enter runs an estate, and points the SDK at it.
func enter(t *testing.T, c estate.Config) *estate.Estate {
	t.Helper()
	e, err := estate.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close the estate: %v", err)
		}
	})
	for _, setting := range e.Env() {
		name, value, _ := strings.Cut(setting, "=")
		t.Setenv(name, value)
	}
	t.Setenv("AWS_PROFILE", "")
	return e
}

// The whole estate is read with exactly the published permissions: real
// signatures, assumed roles with an external ID, policies that deny the rest.
func TestEstate(t *testing.T) {
	e := startEstate(t)
	c, err := cloud.New(t.Context(), cloud.Config{
		Organization: true, RoleName: estate.ScanRole, ExternalID: externalID, Now: e.AsOf, Attempts: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Clusters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, a := range e.Scenario().Accounts {
		for _, cl := range a.Clusters {
			want = append(want, inventory.ClusterRef{Partition: "aws", Account: a.ID, Region: cl.Region, Name: cl.Name}.String())
		}
	}
	var found []string
	for _, ref := range got.Clusters {
		found = append(found, ref.String())
	}
	slices.Sort(want)
	slices.Sort(found)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("-estate +found:\n%s", diff)
	}
	for _, s := range got.Skipped {
		if !s.Disabled && !strings.Contains(s.Detail, "service control policy") {
			t.Errorf("skip = %+v", s)
		}
	}
	for _, ref := range got.Clusters {
		t.Run(ref.Name, func(t *testing.T) { estateCluster(t, c, e, ref) })
	}
}

// estateCluster describes one cluster and enters its Kubernetes API.
func estateCluster(t *testing.T, c *cloud.Client, e *estate.Estate, ref inventory.ClusterRef) {
	t.Helper()
	s, err := c.Describe(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range s.Gaps {
		if g.Section != inventory.SectionKeys {
			t.Errorf("gap = %+v", g)
		}
	}
	if s.Calendar.BuiltIn || len(s.Calendar.Versions) == 0 || s.Cluster.AccountName == "" || !s.CollectedAt.Equal(e.AsOf()) {
		t.Errorf("calendar = %+v, account %q, collected %v", s.Calendar, s.Cluster.AccountName, s.CollectedAt)
	}
	for _, g := range s.NodeGroups {
		if g.Settings == nil || g.Settings.Max < max(g.Desired, 1) || g.LaunchTemplate == "" && g.Settings.DiskSize == 0 {
			t.Errorf("node group %s has the settings %+v", g.Name, g.Settings)
		}
		if want := (inventory.Taint{Key: "dedicated", Value: "vault", Effect: "NO_SCHEDULE"}); g.Name == "vault" && (g.Settings.Labels["dedicated"] != "vault" || !slices.Contains(g.Settings.Taints, want)) {
			t.Errorf("labels %v, taints %v", g.Settings.Labels, g.Settings.Taints)
		}
	}
	user, password, err := c.RegistryLogin(t.Context(), ref.Account+".dkr.ecr."+ref.Region+".amazonaws.com")
	if err != nil || user != "AWS" || password == "" {
		t.Errorf("login = %q, %v", user, err)
	}
	token, _, err := c.Token(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if s.Cluster.Endpoint == nil || !s.Cluster.Endpoint.Public {
		return // private endpoints are not reached from here
	}
	if status := namespaces(t, s.Cluster.Endpoint, token); status != http.StatusOK {
		t.Errorf("the cluster's API answers %d to the token", status)
	}
	if status := namespaces(t, s.Cluster.Endpoint, token+"x"); status != http.StatusUnauthorized {
		t.Errorf("the cluster's API answers %d to a wrong token", status)
	}
}

func namespaces(t *testing.T, endpoint *inventory.Endpoint, token string) int {
	t.Helper()
	ca, err := base64.StdEncoding.DecodeString(endpoint.CA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint.URL+"/api/v1/namespaces", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}
