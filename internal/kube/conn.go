package kube

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// maxBody bounds one answer. A page of 500 objects is 1–5 MB; etcd refuses
	// objects over 1.5 MB, so an answer beyond this is not a cluster's.
	maxBody = 256 << 20
	// maxRetries bounds what is tried again after "429, retry after" and after a
	// connection that broke.
	maxRetries = 3
	// protobufFirst asks for the compact form; custom resources, and servers that
	// do not speak it, answer in JSON.
	protobufFirst = "application/vnd.kubernetes.protobuf,application/json"
)

// conn is the connection to one cluster for the time of one collection.
type conn struct {
	rest     *rest.RESTClient
	http     *http.Client
	timeout  time.Duration
	pageSize string
}

func (c *Client) connect(ctx context.Context, t Target) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cfg, err := restConfig(t)
	if err != nil {
		return nil, err
	}
	types, err := knownTypes()
	if err != nil {
		return nil, err
	}
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(types).WithoutConversion()
	cfg.AcceptContentTypes = protobufFirst
	cfg.ContentType = runtime.ContentTypeJSON
	cfg.UserAgent = c.config.UserAgent
	cfg.QPS = -1 // requests follow one another; the server's own fairness is the limit
	cfg.WarningHandler = rest.NoWarnings{}
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return bounded{next} })
	if c.config.Wrap != nil {
		cfg.Wrap(c.config.Wrap)
	}
	if t.usesToken() {
		host, err := tokenHost(cfg.Host)
		if err != nil {
			return nil, err
		}
		cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return &bearer{next: next, host: host, fetch: t.Token}
		})
	}
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("prepare connection to %q: %w: %w", cfg.Host, err, fault.ErrInvalid)
	}
	// A Kubernetes API does not redirect lists; following one would carry the
	// credentials to another host.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	rc, err := rest.UnversionedRESTClientForConfigAndClient(cfg, client)
	if err != nil {
		return nil, fmt.Errorf("prepare connection to %q: %w: %w", cfg.Host, err, fault.ErrInvalid)
	}
	return &conn{rest: rc, http: client, timeout: c.config.Timeout, pageSize: strconv.Itoa(c.config.PageSize)}, nil
}

// close lets go of idle connections; with thousands of clusters they would add up.
func (cn *conn) close() { utilnet.CloseIdleConnectionsFor(cn.http.Transport) }

// get asks for one page. An empty accept leaves the default.
func (cn *conn) get(ctx context.Context, path, next, accept string) rest.Result {
	req := cn.rest.Get().AbsPath(path).Param("limit", cn.pageSize).MaxRetries(maxRetries)
	if next != "" {
		req.Param("continue", next)
	}
	if accept != "" {
		req.SetHeader("Accept", accept)
	}
	return req.Do(ctx)
}

func (t Target) usesToken() bool { return t.Kubeconfig == "" && t.Context == "" && t.Token != nil }

func restConfig(t Target) (*rest.Config, error) {
	if t.Kubeconfig != "" || t.Context != "" {
		cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(loadingRules(t.Kubeconfig),
			&clientcmd.ConfigOverrides{CurrentContext: t.Context}).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("read kubeconfig: %w: %w", err, fault.ErrInvalid)
		}
		return cfg, nil
	}
	if t.Server == "" {
		return nil, fmt.Errorf("cluster %q has no Kubernetes API endpoint: %w", t.Ref, fault.ErrUnavailable)
	}
	ca, err := authority(t.CA)
	if err != nil {
		return nil, fmt.Errorf("certificate authority of %q: %w", t.Ref, err)
	}
	return &rest.Config{Host: t.Server, TLSClientConfig: rest.TLSClientConfig{CAData: ca}}, nil
}

// authority reads PEM, or the base64 of PEM that DescribeCluster gives.
func authority(s string) ([]byte, error) {
	if s == "" || strings.Contains(s, "-----BEGIN ") {
		return []byte(s), nil
	}
	pem, err := base64.StdEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("neither PEM nor base64: %w", fault.ErrInvalid)
	}
	return pem, nil
}

// tokenHost returns the only host that may see the token. Plain HTTP is refused
// except on this machine.
func tokenHost(server string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("kubernetes API endpoint %q is not a URL: %w", server, fault.ErrInvalid)
	}
	if u.Scheme == "https" {
		return u.Host, nil
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()) {
		return u.Host, nil
	}
	return "", fmt.Errorf("kubernetes API endpoint %q is not https; a token is not sent there: %w", server, fault.ErrInvalid)
}

// knownTypes registers the built-in types that are listed.
func knownTypes() (*runtime.Scheme, error) {
	types := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, networkingv1.AddToScheme,
	} {
		if err := add(types); err != nil {
			return nil, fmt.Errorf("register Kubernetes types: %w", err)
		}
	}
	return types, nil
}

// bounded ends an answer that is larger than maxBody.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxBody}
	return resp, nil
}

// WrappedRoundTripper lets close find the connections.
func (b bounded) WrappedRoundTripper() http.RoundTripper { return b.next }

var errTooLarge = errors.New("answer is larger than " + strconv.Itoa(maxBody>>20) + " MiB")

type boundedBody struct {
	io.ReadCloser

	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
