package estate_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"github.com/eksposure/eksposure/internal/estate"
)

// api is a cluster's Kubernetes API as one caller sees it.
type api struct {
	t                  *testing.T
	server, ca, bearer string
}

func connect(t *testing.T, cfg aws.Config, cluster string) api {
	t.Helper()
	out := must(t, eks.NewFromConfig(cfg).DescribeCluster, &eks.DescribeClusterInput{Name: aws.String(cluster)})
	return api{t, *out.Cluster.Endpoint, *out.Cluster.CertificateAuthority.Data, token(t, cfg, cluster)}
}

func (a api) get(path string) (int, string) {
	a.t.Helper()
	return get(a.t, a.server, a.ca, a.bearer, path)
}

func TestTokensAreVerified(t *testing.T) {
	var shift atomic.Int64
	e := start(t, estate.Config{Now: func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }})
	cfg := assume(t, e, shop, "eu-central-1")
	good := connect(t, cfg, "shop-production")
	u := func(bearer string) *url.URL {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(bearer, "k8s-aws-v1."))
		if err != nil {
			t.Fatal(err)
		}
		return parse(t, string(raw))
	}
	encode := func(change func(u *url.URL)) string {
		parsed := u(good.bearer)
		change(parsed)
		return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(parsed.String()))
	}
	wrong := config(e, estate.DemoUser, "wrong", "", "eu-central-1")
	tests := []struct {
		name, bearer string
		shift        time.Duration
		want         int
	}{
		{name: "its own", bearer: good.bearer, want: http.StatusOK},
		{name: "fourteen minutes old", bearer: good.bearer, shift: 14 * time.Minute, want: http.StatusOK},
		{name: "sixteen minutes old", bearer: good.bearer, shift: 16 * time.Minute, want: http.StatusUnauthorized},
		{name: "from the future", bearer: good.bearer, shift: -6 * time.Minute, want: http.StatusUnauthorized},
		{name: "none", want: http.StatusUnauthorized},
		{name: "another cluster's", bearer: token(t, cfg, "shop-staging"), want: http.StatusUnauthorized},
		{name: "wrong secret", bearer: token(t, wrong, "shop-production"), want: http.StatusUnauthorized},
		{name: "no access entry", bearer: token(t, demoUser(e, "eu-central-1"), "shop-production"), want: http.StatusUnauthorized},
		{name: "another host", bearer: encode(func(u *url.URL) { u.Host = "sts.example.com" }), want: http.StatusUnauthorized},
		{name: "another action", bearer: encode(func(u *url.URL) {
			q := u.Query()
			q.Set("Action", "AssumeRole")
			u.RawQuery = q.Encode()
		}), want: http.StatusUnauthorized},
		{name: "not signed", bearer: encode(func(u *url.URL) { u.RawQuery = "Action=GetCallerIdentity" }), want: http.StatusUnauthorized},
		{name: "not a token", bearer: "k8s-aws-v1.!!", want: http.StatusUnauthorized},
		{name: "too long", bearer: "k8s-aws-v1." + strings.Repeat("A", 5000), want: http.StatusUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shift.Store(int64(tt.shift))
			if status, body := get(t, good.server, good.ca, tt.bearer, "/api/v1/namespaces"); status != tt.want {
				t.Errorf("status %d, want %d: %.200s", status, tt.want, body)
			}
		})
	}
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestReadersMayListWhatIsCollectedAndNoSecrets(t *testing.T) {
	e := start(t, estate.Config{})
	full := connect(t, assume(t, e, shop, "eu-central-1"), "shop-production")
	part := connect(t, demoUser(e, "eu-central-1"), "platform-tools")
	tests := []struct {
		api  api
		path string
		want int
		says string
	}{
		{full, "/api/v1/pods", http.StatusOK, `"kind":"PodList"`},
		{full, "/api/v1/nodes", http.StatusOK, `"kind":"NodeList"`},
		{full, "/api/v1/namespaces/shop/services", http.StatusOK, `"namespace":"shop"`},
		{full, "/apis/apps/v1/replicasets", http.StatusOK, `"kind":"ReplicaSetList"`},
		{full, "/apis/batch/v1/cronjobs", http.StatusOK, `"schedule":"0 6 * * *"`},
		{full, "/apis/networking.k8s.io/v1/ingresses", http.StatusOK, `"ingressClassName":"alb"`},
		{full, "/apis/gateway.networking.k8s.io/v1/gateways", http.StatusNotFound, "could not find the requested resource"},
		{full, "/api/v1/secrets", http.StatusForbidden, `secrets is forbidden: User \"arn:aws:sts::` + shop + `:assumed-role/eksposure-scan/eksposure\" cannot list resource \"secrets\" in API group \"\" at the cluster scope`},
		{full, "/api/v1/namespaces/shop/secrets/x", http.StatusForbidden, "cannot get resource"},
		{full, "/api/v1/nothing", http.StatusNotFound, `"reason":"NotFound"`},
		{full, "/version", http.StatusOK, `"gitVersion":"v1.34.9-eks-`},
		{full, "/readyz", http.StatusOK, "ok"},
		{full, "/apis", http.StatusOK, `"name":"networking.k8s.io"`},
		{full, "/api/v1", http.StatusOK, `"name":"pods"`},
		{full, "/api/v1/pods?watch=true", http.StatusMethodNotAllowed, "nothing to watch"},
		{full, "/api/v1/pods?continue=nonsense", http.StatusBadRequest, "continue"},
		{part, "/api/v1/services", http.StatusOK, `"items"`},
		{part, "/apis/networking.k8s.io/v1/ingresses", http.StatusForbidden, "ingresses.networking.k8s.io is forbidden"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			status, body := tt.api.get(tt.path)
			if status != tt.want || !strings.Contains(body, tt.says) {
				t.Errorf("%d %.400s, want %d with %s", status, body, tt.want, tt.says)
			}
		})
	}
}

func TestPagesAddUpToTheWholeList(t *testing.T) {
	e := start(t, estate.Config{})
	a := connect(t, assume(t, e, shop, "eu-central-1"), "shop-production")
	list := func(query string) corev1.PodList {
		_, body := a.get("/api/v1/pods?" + query)
		var pods corev1.PodList
		if err := json.Unmarshal([]byte(body), &pods); err != nil {
			t.Fatal(err)
		}
		return pods
	}
	whole := list("")
	var paged []corev1.Pod
	next, pages := "", 0
	for {
		p := list("limit=4&continue=" + next)
		paged = append(paged, p.Items...)
		pages++
		if next = p.Continue; next == "" {
			break
		}
		if left := *p.RemainingItemCount; int(left) != len(whole.Items)-len(paged) {
			t.Errorf("%d pods are said to remain after %d of %d", left, len(paged), len(whole.Items))
		}
	}
	if diff := cmp.Diff(whole.Items, paged); diff != "" || pages < 4 {
		t.Errorf("%d pages (-whole +paged):\n%s", pages, diff)
	}
	running := list("fieldSelector=" + url.QueryEscape("status.phase=Running,metadata.namespace=shop"))
	if len(running.Items) == 0 || slices.ContainsFunc(running.Items, func(p corev1.Pod) bool { return p.Status.Phase != corev1.PodRunning || p.Namespace != "shop" }) {
		t.Errorf("field selector gives %d pods", len(running.Items))
	}
	if web := list("labelSelector=" + url.QueryEscape("app.kubernetes.io/name=web")); len(web.Items) != 3 {
		t.Errorf("label selector gives %d pods, want 3", len(web.Items))
	}
}

func TestProtobufSaysTheSameAsJSON(t *testing.T) {
	e := start(t, estate.Config{})
	a := connect(t, assume(t, e, shop, "us-east-1"), "shop-us")
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	decode := func(accept, path string) (runtime.Object, string) {
		media, body := ask(t, a, accept, path)
		o, _, err := serializer.NewCodecFactory(scheme).UniversalDeserializer().Decode(body, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", media, err)
		}
		o.GetObjectKind().SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("PodList"))
		return o, media
	}
	plain, _ := decode("application/json", "/api/v1/pods")
	compact, media := decode("application/vnd.kubernetes.protobuf,application/json", "/api/v1/pods")
	if diff := cmp.Diff(plain, compact); diff != "" || media != "application/vnd.kubernetes.protobuf" {
		t.Errorf("media type %s (-json +protobuf):\n%s", media, diff)
	}
	if media, body := ask(t, a, "application/vnd.kubernetes.protobuf,application/json", "/apis/gateway.networking.k8s.io/v1/httproutes"); media != "application/json" || !strings.Contains(string(body), "HTTPRouteList") {
		t.Errorf("custom resource: %s %.200s", media, body)
	}
	_, body := ask(t, a, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "/api/v1/pods?limit=1")
	var partial metav1.PartialObjectMetadataList
	if err := json.Unmarshal(body, &partial); err != nil || len(partial.Items) != 1 || strings.Contains(string(body), "containers") {
		t.Errorf("metadata alone: %v %.300s", err, body)
	}
}

// ask wants a media type.
func ask(t *testing.T, a api, accept, path string) (string, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.server+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.bearer)
	req.Header.Set("Accept", accept)
	pem, err := base64.StdEncoding.DecodeString(a.ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	tr := transport(pool)
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %v %s", path, resp.StatusCode, err, body)
	}
	return resp.Header.Get("Content-Type"), body
}

func TestAPrivateEndpointDoesNotAnswer(t *testing.T) {
	e := start(t, estate.Config{})
	out := must(t, eks.NewFromConfig(assume(t, e, payments, "eu-central-1")).DescribeCluster, &eks.DescribeClusterInput{Name: aws.String("payments-vault")})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, *out.Cluster.Endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := http.DefaultClient.Do(req); err == nil {
		t.Errorf("answered with %s: %v", resp.Status, resp.Body.Close())
	}
}

func TestKubernetesFaults(t *testing.T) {
	e := start(t, estate.Config{Faults: []estate.Fault{
		{Service: "kubernetes", Cluster: "shop-production", Operation: "list pods", Kind: estate.FaultThrottle, Times: 1},
		{Service: "kubernetes", Cluster: "shop-production", Operation: "list nodes", Kind: estate.FaultDeny},
		{Service: "kubernetes", Cluster: "shop-production", Operation: "list services", Kind: estate.FaultBreak},
	}})
	a := connect(t, assume(t, e, shop, "eu-central-1"), "shop-production")
	var got []string
	for _, path := range []string{"pods", "pods", "nodes", "services"} {
		status, _ := a.get("/api/v1/" + path)
		got = append(got, strconv.Itoa(status))
	}
	if want := "429 200 403 500"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestKubeconfigReachesEveryCluster(t *testing.T) {
	e := start(t, estate.Config{})
	text := string(e.Kubeconfig())
	for _, a := range e.Scenario().Accounts {
		for _, c := range a.Clusters {
			if arn := "arn:aws:eks:" + c.Region + ":" + a.ID + ":cluster/" + c.Name; strings.Count(text, arn) < 5 {
				t.Errorf("no context for %s", arn)
			}
		}
	}
	_, rest, _ := strings.Cut(text, "server: ")
	server, _, _ := strings.Cut(rest, "\n")
	_, rest, _ = strings.Cut(text, "certificate-authority-data: ")
	ca, _, _ := strings.Cut(rest, "\n")
	_, rest, _ = strings.Cut(text, "token: ")
	bearer, _, _ := strings.Cut(rest, "\n")
	if status, body := get(t, server, ca, bearer, "/api/v1/pods"); status != http.StatusOK {
		t.Errorf("static token: %d %s", status, body)
	}
	if status, _ := get(t, server, ca, bearer, "/api/v1/secrets"); status != http.StatusForbidden {
		t.Errorf("static token lists secrets: %d", status)
	}
}
