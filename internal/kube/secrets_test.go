package kube_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/kube"
	"github.com/eksposure/eksposure/internal/kube/kubetest"
	"github.com/eksposure/eksposure/internal/plan"
)

// value is what no answer may hold.
const value = "aHVudGVyMg=="

// rewriter is a service account bound to the role of writing secrets again alone.
const rewriter = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: rewriter, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: rewriter-of-tests}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: eksposure-secrets-rewriter}
subjects: [{kind: ServiceAccount, name: rewriter, namespace: default}]
`

// keeper notes requests for secrets, and may answer one in place of the server.
type keeper struct {
	next    http.RoundTripper
	patched []string
	lists   int
	leaks   int
	answer  func(req *http.Request, name string) *http.Response
}

func (k *keeper) wrap(next http.RoundTripper) http.RoundTripper { k.next = next; return k }

func (k *keeper) WrappedRoundTripper() http.RoundTripper { return k.next }

func (k *keeper) RoundTrip(req *http.Request) (*http.Response, error) {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/") // api v1 namespaces NAMESPACE secrets NAME
	name := ""
	if req.Method == http.MethodPatch {
		name = parts[3] + "/" + parts[5]
		k.patched = append(k.patched, name)
	} else {
		k.lists++
	}
	if k.answer != nil {
		if resp := k.answer(req, name); resp != nil {
			return resp, nil
		}
	}
	resp, err := k.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(body, []byte(value)) || bytes.Contains(body, []byte("hunter2")) {
		k.leaks++
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func status(req *http.Request, code int, reason, message string) *http.Response {
	body := fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
	return &http.Response{StatusCode: code, Request: req, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}
}

// TestRewriteSecrets has a real API server write secrets again, with the published role
// alone.
func TestRewriteSecrets(t *testing.T) {
	t.Parallel()
	lab := kubetest.Start(t, kubetest.Options{})
	apply(t, lab, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
	var want []string
	for i := range 7 {
		namespace := []string{"default", "shop"}[i%2]
		apply(t, lab, fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: s%d, namespace: %s}\nimmutable: %t\ndata: {password: %s}\n", i, namespace, i == 3, value))
		want = append(want, fmt.Sprintf("%s/s%d", namespace, i))
	}
	slices.Sort(want)
	apply(t, lab, kube.SecretsManifest())
	apply(t, lab, rewriter)
	token, err := lab.Token(t.Context(), "default", "rewriter")
	if err != nil {
		t.Fatal(err)
	}
	target := kube.Target{Ref: ref(), Server: lab.Server, CA: lab.CA, Token: fixed(token)}
	rewrite := func(ctx context.Context, k *keeper, mark string) (plan.Rewriting, error) {
		return kube.New(kube.Config{PageSize: 3, Wrap: k.wrap}).RewriteSecrets(ctx, target, mark)
	}
	k := &keeper{}
	poll(t, func() bool { // the authorizer follows the roles by a watch
		*k = keeper{}
		got, err := rewrite(t.Context(), k, "one")
		return err == nil && got.Complete && got.Written == len(want)
	})
	slices.Sort(k.patched)
	if diff := cmp.Diff(want, k.patched); diff != "" || k.leaks > 0 || k.lists < 3 {
		t.Errorf("%d lists, %d answers with values (-want +got):\n%s", k.lists, k.leaks, diff)
	}
	t.Run("nothing is done twice", func(t *testing.T) {
		k := &keeper{}
		if got, err := rewrite(t.Context(), k, "one"); err != nil || !got.Complete || got.Written != 0 || len(k.patched) != 0 {
			t.Errorf("%+v, %v, patched %v", got, err, k.patched)
		}
	})
	t.Run("it goes on where it was interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		k := &keeper{}
		k.answer = func(*http.Request, string) *http.Response {
			if len(k.patched) == 3 {
				cancel()
			}
			return nil
		}
		if _, err := rewrite(ctx, k, "two"); err == nil || len(k.patched) != 3 {
			t.Errorf("%v after %v", err, k.patched)
		}
		next := &keeper{}
		got, err := rewrite(t.Context(), next, "two")
		if err != nil || !got.Complete || len(next.patched) < 4 || len(next.patched) > 5 { // the third may have come through
			t.Errorf("%+v, %v, patched %v", got, err, next.patched)
		}
	})
	t.Run("what changes, goes, or is refused meanwhile", func(t *testing.T) {
		conflicts := 2
		k := &keeper{answer: func(req *http.Request, name string) *http.Response {
			switch {
			case name == want[0] && conflicts > 0:
				conflicts--
				return status(req, http.StatusConflict, "Conflict", "the object has been modified")
			case name == want[1]:
				return status(req, http.StatusNotFound, "NotFound", "it is gone")
			case name == want[2]:
				return status(req, http.StatusForbidden, "Forbidden", `admission webhook "frozen" denied the request`)
			}
			return nil
		}}
		got, err := rewrite(t.Context(), k, "three")
		if err != nil || !got.Complete || got.Written != len(want)-2 || len(got.Failed) != 1 || !strings.Contains(got.Failed[0], want[2]) || !strings.Contains(got.Failed[0], "frozen") {
			t.Errorf("%+v, %v", got, err)
		}
		k.answer = nil
		if got, err := rewrite(t.Context(), k, "three"); err != nil || !got.Complete || got.Written != 2 || len(got.Failed) != 0 {
			t.Errorf("mended: %+v, %v", got, err)
		}
	})
	t.Run("a server that gives values", func(t *testing.T) {
		k := &keeper{answer: func(req *http.Request, _ string) *http.Response {
			return &http.Response{
				StatusCode: http.StatusOK, Request: req, Header: http.Header{"Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(`{"kind":"SecretList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"x","namespace":"y"}}]}`)),
			}
		}}
		if _, err := rewrite(t.Context(), k, "four"); !errors.Is(err, fault.ErrUnavailable) || len(k.patched) > 0 {
			t.Errorf("%v, patched %v", err, k.patched)
		}
	})
	for i, verb := range []string{"list", "patch"} {
		t.Run("without "+verb, func(t *testing.T) {
			other := map[string]string{"list": "patch", "patch": "list"}[verb]
			apply(t, lab, strings.Replace(kube.SecretsManifest(), `["list", "patch"]`, `["`+other+`"]`, 1))
			defer apply(t, lab, kube.SecretsManifest())
			var err error
			poll(t, func() bool {
				_, err = rewrite(t.Context(), &keeper{}, fmt.Sprint("without", i))
				return err != nil && strings.Contains(err.Error(), "cannot "+verb)
			})
			if !errors.Is(err, fault.ErrDenied) {
				t.Errorf("%v, want fault.ErrDenied", err)
			}
		})
	}
}

// What the role may do is to list and patch secrets, and nothing else.
func TestSecretsManifestIsNarrow(t *testing.T) {
	m := kube.SecretsManifest()
	for _, never := range []string{"*", "pods", "create", "delete", "update", "get", "watch"} {
		if strings.Contains(m, never) {
			t.Errorf("the role has %q:\n%s", never, m)
		}
	}
}
