package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// errToken marks a failure to make the token: the cluster was not even asked.
var errToken = errors.New("make a token for the Kubernetes API")

// bearer adds the token to requests for one host.
//
// Tokens are kept for as long as the server takes them, not asked for anew each
// time: behind each token that EKS has not seen before is a call to STS.
type bearer struct {
	next  http.RoundTripper
	host  string
	fetch func(context.Context) (string, time.Time, error)

	mu       sync.Mutex
	token    string
	accepted bool
}

// RoundTrip sends the request, and once more with a new token when the server
// refuses one that it took before: that token has expired.
func (b *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != b.host {
		return b.next.RoundTrip(req)
	}
	token, err := b.current(req.Context())
	if err != nil {
		return nil, err
	}
	resp, err := b.send(req, token)
	if err != nil || resp.StatusCode != http.StatusUnauthorized || !b.expire(token) {
		return resp, err
	}
	if err := resp.Body.Close(); err != nil {
		return nil, err
	}
	if token, err = b.current(req.Context()); err != nil {
		return nil, err
	}
	return b.send(req, token)
}

// WrappedRoundTripper lets close find the connections.
func (b *bearer) WrappedRoundTripper() http.RoundTripper { return b.next }

func (b *bearer) send(req *http.Request, token string) (*http.Response, error) {
	sent := req.Clone(req.Context())
	sent.Header.Set("Authorization", "Bearer "+token)
	resp, err := b.next.RoundTrip(sent)
	if err == nil && resp.StatusCode != http.StatusUnauthorized {
		b.mu.Lock()
		b.accepted = true
		b.mu.Unlock()
	}
	return resp, err
}

func (b *bearer) current(ctx context.Context) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.token != "" {
		return b.token, nil
	}
	token, _, err := b.fetch(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errToken, err)
	}
	b.token = token
	return token, nil
}

// expire forgets a token that was good before and tells whether it did.
func (b *bearer) expire(token string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.accepted || b.token != token {
		return false
	}
	b.token, b.accepted = "", false
	return true
}
