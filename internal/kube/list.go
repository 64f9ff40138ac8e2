package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/eksposure/eksposure/internal/fault"
)

const (
	// maxPages bounds a list: a million objects at 500 a page is several times
	// what Kubernetes is built for (its stated limit is 150,000 pods).
	maxPages = 2000
	// maxRestarts bounds how often a list begins again because the server has
	// dropped the state that its next page belongs to (410 Expired, etcd compacts
	// every five minutes).
	maxRestarts = 3
)

// each lists a built-in resource page by page. begin gives the function that
// takes the pages; it is called again when the list has to start over, and what
// was taken before then no longer counts.
func each[L any, P interface {
	*L
	runtime.Object
	metav1.ListInterface
}](ctx context.Context, cn *conn, r resource, begin func() func(P),
) error {
	return cn.pages(ctx, r, "", func() decoder {
		take := begin()
		return func(res rest.Result) (string, error) {
			page := P(new(L))
			if err := res.Into(page); err != nil {
				return "", err
			}
			take(page)
			return page.GetContinue(), nil
		}
	})
}

// eachCustom lists a custom resource, decoding only the fields that T declares.
func eachCustom[T any](ctx context.Context, cn *conn, r resource, begin func() func([]T)) error {
	return cn.pages(ctx, r, runtime.ContentTypeJSON, func() decoder {
		take := begin()
		return func(res rest.Result) (string, error) {
			body, err := res.Raw()
			if err != nil {
				return "", err
			}
			var page struct {
				Metadata struct {
					Continue string `json:"continue"`
				} `json:"metadata"`
				Items []T `json:"items"`
			}
			if err := json.Unmarshal(body, &page); err != nil {
				return "", err
			}
			take(page.Items)
			return page.Metadata.Continue, nil
		}
	})
}

// decoder takes one page and returns the token of the next, empty at the end.
type decoder func(rest.Result) (next string, err error)

// pages reads all pages of the first version of r that the server has. With
// none of them there the error is fault.ErrNotFound.
func (cn *conn) pages(ctx context.Context, r resource, accept string, begin func() decoder) error {
	var err error
	for _, version := range r.versions {
		err = cn.restartable(ctx, r.path(version), accept, begin)
		if !apierrors.IsNotFound(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("list %s: %w", r, translate(err))
	}
	return nil
}

func (cn *conn) restartable(ctx context.Context, path, accept string, begin func() decoder) error {
	for range maxRestarts {
		err := cn.once(ctx, path, accept, begin())
		if !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			return err
		}
	}
	return cn.once(ctx, path, accept, begin())
}

func (cn *conn) once(ctx context.Context, path, accept string, decode decoder) error {
	next := ""
	for range maxPages {
		following, err := cn.page(ctx, path, next, accept, decode)
		if err != nil || following == "" {
			return err
		}
		if following == next {
			return errors.New("server repeats the same page")
		}
		next = following
	}
	return fmt.Errorf("server gives more than %d pages", maxPages)
}

func (cn *conn) page(ctx context.Context, path, next, accept string, decode decoder) (string, error) {
	call, cancel := context.WithTimeout(ctx, cn.timeout)
	defer cancel()
	following, err := decode(cn.get(call, path, next, accept))
	if err != nil && ctx.Err() == nil && call.Err() != nil {
		// The client's own words for this ("rate limiter Wait returned") mislead.
		return "", fmt.Errorf("no full answer within %s: %w", cn.timeout, context.DeadlineExceeded)
	}
	return following, err
}

// translate puts an error of the Kubernetes client into a category.
func translate(err error) error {
	if fault.Of(err).Name != "internal" {
		return err
	}
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		// Connection, TLS and decoding errors: nothing that speaks Kubernetes answered.
		return fmt.Errorf("%w: %w", err, fault.ErrUnavailable)
	}
	switch code := status.Status().Code; {
	case code == 401, code == 403:
		return fmt.Errorf("%w: %w", err, fault.ErrDenied)
	case code == 404:
		return fmt.Errorf("%w: %w", err, fault.ErrNotFound)
	case code == 409, code == 410:
		return fmt.Errorf("%w: %w", err, fault.ErrConflict)
	case code == 422:
		return fmt.Errorf("%w: %w", err, fault.ErrInvalid)
	case code == 429:
		return fmt.Errorf("%w: %w", err, fault.ErrThrottled)
	case code >= 400 && code < 500:
		return err
	}
	return fmt.Errorf("%w: %w", err, fault.ErrUnavailable)
}
