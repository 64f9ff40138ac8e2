package estate

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/sigv4"
)

// kubeUser is who Kubernetes takes a caller for.
type kubeUser struct {
	name   string
	arn    string
	groups []string
	grants []Grant
}

const (
	tokenPrefix = "k8s-aws-v1."
	// maxToken and tokenAge are the bounds of aws-iam-authenticator: a token is at
	// most 4 KiB and counts for 15 minutes (pkg/token, maxTokenLenBytes and
	// presignedURLExpiration).
	maxToken = 4 << 10
	tokenAge = 15 * time.Minute
)

// stsHost is what a token's URL may name: the global or a regional STS.
var stsHost = regexp.MustCompile(`^sts(\.([a-z0-9-]+))?\.amazonaws\.com$`)

// authenticate finds the user behind a bearer token: the estate's own static
// token, or an EKS token, which is a presigned sts:GetCallerIdentity.
func (k *kubeServer) authenticate(r *http.Request) (*kubeUser, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, fmt.Errorf("no bearer token: %w", sigv4.ErrUnsigned)
	}
	if subtle.ConstantTimeCompare([]byte(token), []byte(k.token)) == 1 {
		return &kubeUser{name: "eksposure-estate", groups: []string{ReaderGroup}, grants: k.cluster.Grants}, nil
	}
	caller, err := k.verifyToken(token)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(k.cluster.AccessEntries, func(a AccessEntry) bool { return a.Principal == caller.entity() })
	if i < 0 {
		return nil, fmt.Errorf("no access entry: %w", sigv4.ErrUnsigned)
	}
	entry := k.cluster.AccessEntries[i]
	u := &kubeUser{
		name: username(entry.Principal, caller.session), arn: caller.arn, groups: append([]string{"system:authenticated"}, entry.Groups...),
		grants: slices.Clone(k.cluster.Grants),
	}
	for _, p := range entry.Policies {
		u.groups = append(u.groups, p.Name)
		u.grants = append(u.grants, policyGrants(p)...)
	}
	return u, nil
}

// verifyToken does what aws-iam-authenticator and STS do together, but looks the
// key up in the estate's own table instead of asking STS.
func (k *kubeServer) verifyToken(token string) (*principal, error) {
	encoded, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok || len(token) > maxToken {
		return nil, fmt.Errorf("token: %w", sigv4.ErrMalformed)
	}
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("token: %w", sigv4.ErrMalformed)
	}
	u, err := url.Parse(string(raw))
	if err != nil || u.Path != "/" || !k.isSTS(u) || u.Query().Get("Action") != "GetCallerIdentity" {
		return nil, fmt.Errorf("token URL: %w", sigv4.ErrMalformed)
	}
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}}
	req.Header.Set("X-K8s-Aws-Id", k.cluster.Name)
	sig, err := sigv4.Read(req)
	if err != nil {
		return nil, err
	}
	if sig.Service != "sts" || !sig.Signs("x-k8s-aws-id") {
		return nil, fmt.Errorf("token scope: %w", sigv4.ErrMalformed)
	}
	cred, ok := k.estate.vault.get(sig.AccessKey)
	if !ok || cred.token != sig.Token {
		return nil, fmt.Errorf("token key: %w", sigv4.ErrMismatch)
	}
	if err := sig.Verify(req, nil, cred.secret); err != nil {
		return nil, err
	}
	now := k.estate.now()
	if sig.At.After(now.Add(sigv4.MaxSkew)) || now.After(sig.At.Add(tokenAge)) || !cred.expires.IsZero() && !now.Before(cred.expires) {
		return nil, sigv4.ErrOutdated
	}
	return &cred.principal, nil
}

// isSTS reports whether a token's URL is one of STS: AWS's own, or the estate's,
// which is where a client with AWS_ENDPOINT_URL set makes its tokens for.
func (k *kubeServer) isSTS(u *url.URL) bool {
	return u.Scheme == "https" && stsHost.MatchString(u.Host) || u.Scheme+"://"+u.Host == k.estate.url
}

// username is the name that EKS gives a principal in Kubernetes: a user's own
// ARN, or that of a role's session.
func username(principalARN, session string) string {
	parts := strings.Split(principalARN, ":")
	role, isRole := strings.CutPrefix(parts[len(parts)-1], "role/")
	if !isRole {
		return principalARN
	}
	return "arn:aws:sts::" + parts[4] + ":assumed-role/" + role[strings.LastIndex(role, "/")+1:] + "/" + session
}

// ReaderGroup is the Kubernetes group that eksposure's manifest binds to its
// ClusterRole, and that the demo's access entries put the scan into.
const ReaderGroup = "eksposure-readers"

func readVerbs() []string { return []string{"get", "list", "watch"} }

// ReaderGrants are the RBAC rules of ReaderGroup: the reading of everything that
// eksposure collects and looks at before an upgrade, without Secrets.
func ReaderGrants() []Grant {
	grant := func(group string, resources ...string) Grant {
		return Grant{Group: ReaderGroup, APIGroups: []string{group}, Resources: resources, Verbs: []string{"list"}}
	}
	return []Grant{
		grant("", "namespaces", "pods", "nodes", "services", "serviceaccounts", "replicationcontrollers"),
		grant("apps", "deployments", "replicasets", "statefulsets", "daemonsets"),
		grant("batch", "jobs", "cronjobs"),
		grant("networking.k8s.io", "ingresses"),
		grant("autoscaling", "horizontalpodautoscalers"),
		grant("policy", "poddisruptionbudgets"),
		grant("flowcontrol.apiserver.k8s.io", "flowschemas", "prioritylevelconfigurations"),
		{Group: ReaderGroup, APIGroups: []string{""}, Resources: []string{metricsPath}, Verbs: []string{"get"}},
		grant("gateway.networking.k8s.io", "gateways", "httproutes", "grpcroutes", "tcproutes", "tlsroutes", "udproutes", "referencegrants"),
	}
}

// RemediatorGroup is the Kubernetes group of the demo's role that applies plans, and
// RemediatorGrants what it may: to change workloads and what leads there.
const RemediatorGroup = "eksposure-remediators"

// RemediatorGrants are the RBAC rules of RemediatorGroup: to change workloads and what
// leads there, and to have secrets written again.
func RemediatorGrants() []Grant {
	return []Grant{
		{Group: RemediatorGroup, APIGroups: []string{"apps"}, Resources: []string{"deployments", "statefulsets", "daemonsets"}, Verbs: []string{"get", "patch"}},
		{Group: RemediatorGroup, APIGroups: []string{""}, Resources: []string{"services"}, Verbs: []string{"get", "patch"}},
		{Group: RemediatorGroup, APIGroups: []string{"networking.k8s.io"}, Resources: []string{"ingresses"}, Verbs: []string{"get", "patch"}},
		{Group: RemediatorGroup, APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list", "patch"}},
		{Group: RemediatorGroup, APIGroups: []string{"batch"}, Resources: []string{"cronjobs"}, Verbs: []string{"get", "patch"}},
	}
}

// policyGrants are the rules of the EKS access policies that the estate knows
// (EKS User Guide, "Access policy permissions"), cut to the resources it serves.
func policyGrants(p AccessPolicy) []Grant {
	view := []Grant{
		{Group: p.Name, APIGroups: []string{""}, Resources: []string{"namespaces", "pods", "services", "serviceaccounts", "replicationcontrollers", "configmaps"}, Verbs: readVerbs()},
		{Group: p.Name, APIGroups: []string{"apps", "batch", "networking.k8s.io"}, Resources: []string{"*"}, Verbs: readVerbs()},
	}
	switch p.Name {
	case "AmazonEKSViewPolicy":
		return view
	case "AmazonEKSAdminViewPolicy", "AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy":
		return []Grant{{Group: p.Name, APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: readVerbs()}}
	}
	return nil
}

// may reports whether one of the user's groups is granted the verb.
func (u *kubeUser) may(verb, group, resource string) bool {
	has := func(list []string, v string) bool { return slices.Contains(list, v) || slices.Contains(list, "*") }
	return slices.ContainsFunc(u.grants, func(g Grant) bool {
		return slices.Contains(u.groups, g.Group) && has(g.APIGroups, group) && has(g.Resources, resource) && has(g.Verbs, verb)
	})
}
