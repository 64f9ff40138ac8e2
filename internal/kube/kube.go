// Package kube reads one cluster's Kubernetes API.
//
// It takes a [Target], lists what the cluster runs and how traffic gets in, and
// fills the Kubernetes part of an inventory.Snapshot. What cannot be read becomes
// a gap of its section with the remedy; the other sections go on. It lists only
// the resources that [Rules] names, never a Secret. What plans change, the images
// of workloads and who may connect to load balancers, it changes with the rights of
// [ChangeRules] by [Client.SetImages] and [Client.SetSources].
//
// Lists are read in pages and each page is reduced to what the snapshot keeps
// before the next is asked for, so memory follows what is kept and not the size
// of the cluster. It is the only package that imports the Kubernetes client.
package kube

import (
	"context"
	"net/http"
	"time"

	"github.com/eksposure/eksposure/internal/inventory"
)

// Target says where a cluster's Kubernetes API is and how to be let in: either
// a context of a kubeconfig, or a server with its authority and a token.
type Target struct {
	Ref inventory.ClusterRef
	// Server is the API server's URL.
	Server string
	// CA is the server's certificate authority, PEM or, as EKS gives it, the
	// base64 of PEM. Empty means the system's authorities.
	CA string
	// Token gives a bearer token. It is asked once, and again when the server no
	// longer takes a token that it took before (an EKS token lives 15 minutes).
	Token func(context.Context) (token string, expires time.Time, err error)
	// Kubeconfig is a kubeconfig file; with it or Context, Server, CA and Token
	// are not used.
	Kubeconfig string
	// Context is the kubeconfig's context; empty means its current one.
	Context string
}

// Config sets up a Client. The zero value is usable.
type Config struct {
	// Timeout bounds each request, its retries included.
	Timeout time.Duration
	// PageSize is how many objects are asked for at once.
	PageSize int
	// UserAgent names the program in the cluster's audit log.
	UserAgent string
	// Wrap, when given, goes around the transport of every request.
	Wrap func(http.RoundTripper) http.RoundTripper
}

const (
	// defaultTimeout is twice what a page of 500 large pods takes over a slow
	// link, and short enough that an endpoint that hangs is given up soon.
	defaultTimeout = 30 * time.Second
	// defaultPageSize is what kubectl and the Kubernetes pager ask for.
	defaultPageSize = 500
	// defaultUserAgent is the program's name without a version.
	defaultUserAgent = "eksposure"
)

// WithDefaults fills what is left out.
func (c Config) WithDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.PageSize <= 0 {
		c.PageSize = defaultPageSize
	}
	if c.UserAgent == "" {
		c.UserAgent = defaultUserAgent
	}
	return c
}

// Client collects clusters. It keeps nothing between them and may be used by
// several goroutines at once.
type Client struct {
	config Config
}

// New makes a client.
func New(c Config) *Client { return &Client{config: c.WithDefaults()} }

// Collect fills the Kubernetes sections of s, which Describe has given its
// cluster and endpoint, and adds a gap for each section that it could not read
// in full. What was read of such a section is kept.
func (c *Client) Collect(ctx context.Context, t Target, s *inventory.Snapshot) {
	defer s.Normalize()
	cn, err := c.connect(ctx, t)
	if err != nil {
		for _, section := range sections() {
			s.Gaps = append(s.Gaps, inventory.NewGap(section, "", err, remedy(err, t, s)))
		}
		return
	}
	defer cn.close()
	col := &collector{conn: cn, target: t, snapshot: s}
	col.run(ctx)
}

// sections are those that this package fills.
func sections() []inventory.Section {
	return []inventory.Section{
		inventory.SectionWorkloads, inventory.SectionNetwork,
		inventory.SectionServiceAccounts, inventory.SectionNodes,
	}
}
