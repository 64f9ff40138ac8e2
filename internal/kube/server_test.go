package kube_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
)

// api answers every list with an empty one, except those of its table.
type api map[string]http.HandlerFunc

func (a api) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if h := a[req.URL.Path]; h != nil {
		h(w, req)
		return
	}
	answer(w, http.StatusOK, `{"metadata":{},"items":[]}`)
}

// serve starts the API with TLS, as EKS has it.
func serve(t *testing.T, h http.Handler) kube.Target {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	s.Config.ErrorLog = nil
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	return kube.Target{Ref: ref(), Server: s.URL, CA: string(ca), Token: fixed("secret-token")}
}

// answer writes JSON; a list gets its kind from the path, which the decoder needs.
func answer(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
}

func refuse(code int, reason string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		answer(w, code, fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no: %s","reason":%q,"code":%d}`, reason, reason, code))
	}
}

func everything(h http.HandlerFunc) http.Handler { return h }

// reasons gives SECTION SUBJECT: REASON of each gap.
func reasons(s *inventory.Snapshot) []string {
	var out []string
	for _, g := range s.Gaps {
		out = append(out, strings.TrimSpace(string(g.Section)+" "+g.Subject)+": "+g.Reason)
	}
	return out
}

func whole(reason string) []string {
	return []string{
		"network: " + reason, "nodes: " + reason, "service-accounts: " + reason, "workloads: " + reason,
	}
}

func TestServerFaults(t *testing.T) {
	hang := func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }
	garbage := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Welcome</html>") }
	for _, test := range []struct {
		name    string
		handler http.Handler
		want    []string
		detail  string // in some gap
		most    int32  // requests
	}{
		{
			name: "knows nobody", handler: everything(refuse(401, "Unauthorized")), most: 1,
			want: whole("denied"), detail: "aws eks create-access-entry --cluster-name lab --region eu-west-1",
		},
		{
			name: "refuses everything", handler: everything(refuse(403, "Forbidden")), most: 20,
			want: whole("denied"), detail: `Apply the ClusterRole "eksposure-reader"`,
		},
		{name: "hangs", handler: everything(hang), most: 1, want: whole("unavailable"), detail: "no full answer within"},
		{name: "is not Kubernetes", handler: everything(garbage), most: 1, want: whole("unavailable"), detail: "does not speak the Kubernetes API"},
		{name: "broken", handler: everything(refuse(500, "InternalError")), most: 1, want: whole("unavailable"), detail: "fault of its own"},
		{
			name: "one list hangs", handler: api{"/api/v1/services": hang}, most: 20,
			want: []string{"network: unavailable"},
		},
		{
			name: "one kind of owner is refused", handler: api{"/apis/batch/v1/cronjobs": refuse(403, "Forbidden")}, most: 20,
			want: []string{"workloads cronjobs.batch: denied"},
		},
		{
			name: "one list is garbage", handler: api{"/api/v1/nodes": garbage}, most: 20,
			want: []string{"nodes: unavailable"},
		},
		{
			name: "two lists in a row hang", handler: api{"/apis/apps/v1/daemonsets": hang, "/apis/batch/v1/cronjobs": hang}, most: 8,
			want: whole("unavailable"),
		},
		{
			name: "the same page for ever", want: []string{"nodes: unavailable"}, most: 22, handler: api{"/api/v1/nodes": func(w http.ResponseWriter, _ *http.Request) {
				answer(w, 200, `{"metadata":{"continue":"again"},"items":[]}`)
			}},
		},
		{
			name: "sends away", want: []string{"nodes: unavailable"}, most: 20, handler: api{"/api/v1/nodes": func(w http.ResponseWriter, req *http.Request) {
				http.Redirect(w, req, "/elsewhere", http.StatusFound)
			}},
		},
		{
			name: "expires every list", want: []string{"nodes: conflict"}, most: 30,
			handler: api{"/api/v1/nodes": func(w http.ResponseWriter, req *http.Request) {
				if req.FormValue("continue") != "" {
					refuse(410, "Expired")(w, req)
					return
				}
				answer(w, 200, `{"metadata":{"continue":"next"},"items":[]}`)
			}},
		},
		{
			name: "throttles", want: []string{"nodes: throttled"}, most: 30,
			handler: api{"/api/v1/nodes": refuse(429, "TooManyRequests")},
		},
		{
			name: "asks to wait an hour", want: []string{"nodes: unavailable"}, most: 30,
			handler: api{"/api/v1/nodes": func(w http.ResponseWriter, req *http.Request) {
				w.Header().Set("Retry-After", "3600")
				refuse(429, "TooManyRequests")(w, req)
			}},
		},
		{name: "nothing there", handler: api{}, most: 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			var requests atomic.Int32
			target := serve(t, everything(func(w http.ResponseWriter, req *http.Request) {
				requests.Add(1)
				test.handler.ServeHTTP(w, req)
			}))
			s := collect(t, kube.Config{Timeout: 300 * time.Millisecond}, target)
			if diff := cmp.Diff(test.want, reasons(s)); diff != "" {
				t.Errorf("gaps (-want +got):\n%s\n%+v", diff, s.Gaps)
			}
			if n := requests.Load(); n > test.most {
				t.Errorf("%d requests, want at most %d", n, test.most)
			}
			found := test.detail == ""
			for _, g := range s.Gaps {
				found = found || strings.Contains(g.Detail, test.detail)
				if strings.Contains(g.Detail, "secret-token") {
					t.Errorf("gap %q holds the token", g.Detail)
				}
			}
			if !found {
				t.Errorf("no gap says %q: %+v", test.detail, s.Gaps)
			}
		})
	}
}

// TestExpiredListStartsOver: what was read before the server dropped the list
// does not count twice.
func TestExpiredListStartsOver(t *testing.T) {
	var expired atomic.Bool
	nodes := func(w http.ResponseWriter, req *http.Request) {
		switch {
		case req.FormValue("continue") == "":
			answer(w, 200, `{"metadata":{"continue":"2"},"items":[{"metadata":{"name":"a"}}]}`)
		case !expired.Swap(true):
			refuse(410, "Expired")(w, req)
		default:
			answer(w, 200, `{"metadata":{},"items":[{"metadata":{"name":"b"}}]}`)
		}
	}
	s := collect(t, kube.Config{}, serve(t, api{"/api/v1/nodes": nodes}))
	if len(s.Gaps) > 0 || len(s.Nodes) != 2 {
		t.Errorf("got nodes %+v and gaps %+v, want a and b and none", s.Nodes, s.Gaps)
	}
}

func TestTokenIsRenewedWhenItExpires(t *testing.T) {
	var issued atomic.Int32
	valid := "token-1"
	target := serve(t, everything(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/apis/apps/v1/deployments" {
			valid = "token-2"
		}
		if req.Header.Get("Authorization") != "Bearer "+valid {
			refuse(401, "Unauthorized")(w, req)
			return
		}
		api{}.ServeHTTP(w, req)
	}))
	target.Token = func(context.Context) (string, time.Time, error) {
		return fmt.Sprintf("token-%d", issued.Add(1)), time.Time{}, nil
	}
	s := collect(t, kube.Config{}, target)
	if len(s.Gaps) > 0 || issued.Load() != 2 {
		t.Errorf("%d tokens and gaps %+v, want two and none", issued.Load(), s.Gaps)
	}
}

func TestTokenCannotBeMade(t *testing.T) {
	target := serve(t, api{})
	target.Token = func(context.Context) (string, time.Time, error) {
		return "", time.Time{}, fmt.Errorf("credentials expired: %w", fault.ErrDenied)
	}
	if diff := cmp.Diff(whole("denied"), reasons(collect(t, kube.Config{}, target))); diff != "" {
		t.Errorf("gaps (-want +got):\n%s", diff)
	}
}

func TestUnreachable(t *testing.T) {
	good := serve(t, api{})
	other := serve(t, api{})
	closed := httptest.NewTLSServer(api{})
	closed.Close()
	private := &inventory.Endpoint{Private: true}
	for _, test := range []struct {
		name     string
		target   kube.Target
		endpoint *inventory.Endpoint
		want     []string
		detail   string
	}{
		{"private endpoint", kube.Target{Ref: ref(), Server: closed.URL, CA: good.CA, Token: good.Token}, private, whole("unavailable"), "The cluster's endpoint is private"},
		{"private endpoint names the way", kube.Target{Ref: ref(), Server: closed.URL, CA: good.CA, Token: good.Token}, private, whole("unavailable"), "--context"},
		{
			"narrow public endpoint",
			kube.Target{Ref: ref(), Server: closed.URL, CA: good.CA, Token: good.Token},
			&inventory.Endpoint{Public: true, PublicCIDRs: []string{"203.0.113.0/24"}}, whole("unavailable"), "203.0.113.0/24",
		},
		{"no endpoint", kube.Target{Ref: ref()}, nil, whole("unavailable"), "has no Kubernetes API endpoint"},
		{"wrong authority", kube.Target{Ref: ref(), Server: good.Server, CA: wrongCA(t), Token: good.Token}, private, whole("unavailable"), "x509"},
		{"authority is not base64", kube.Target{Ref: ref(), Server: good.Server, CA: "%%%", Token: good.Token}, private, whole("invalid"), "neither PEM nor base64"},
		{"token over plain HTTP", kube.Target{Ref: ref(), Server: "http://eks.example.com", Token: good.Token}, private, whole("invalid"), "not https"},
		{"no kubeconfig", kube.Target{Ref: ref(), Kubeconfig: "/nonexistent/kubeconfig"}, private, whole("invalid"), "kubeconfig"},
		{"the other server is fine", other, private, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSnapshot()
			s.Cluster.Endpoint = test.endpoint
			kube.New(kube.Config{}).Collect(t.Context(), test.target, s)
			if diff := cmp.Diff(test.want, reasons(s)); diff != "" {
				t.Fatalf("gaps (-want +got):\n%s", diff)
			}
			for _, g := range s.Gaps {
				if !strings.Contains(g.Detail, test.detail) {
					t.Errorf("gap %q does not say %q", g.Detail, test.detail)
				}
			}
		})
	}
}

// wrongCA is the authority of nobody's server here, in EKS's form.
func wrongCA(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(readFile(t, "testdata/other-ca.b64"))
}
