package cloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
)

const (
	// maxPages ends a list whose pages never do: at EKS's smallest page of 100
	// it is a hundred times any quota.
	maxPages = 1000
	// maxBackoff is the longest wait between two attempts; the SDK's own 20 s
	// would use up a whole call.
	maxBackoff = 5 * time.Second
	// attemptsPerTimeout is how many attempts that never answer fit into one call.
	attemptsPerTimeout = 3
)

// call makes one AWS call within the limits on time and on calls in flight, and
// translates its error.
func call[O any](ctx context.Context, c *Client, a action, do func(context.Context) (O, error)) (O, error) {
	return callWithin(ctx, c, c.cfg.CallTimeout, a, do)
}

// callWithin is call with another limit on time.
func callWithin[O any](ctx context.Context, c *Client, limit time.Duration, a action, do func(context.Context) (O, error)) (O, error) {
	var none O
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return none, translate(a, ctx.Err(), nil)
	}
	defer func() { <-c.slots }()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	seen := &attempts{}
	out, err := do(context.WithValue(ctx, attemptsKey{}, seen))
	if err != nil {
		return none, translate(a, err, seen.last())
	}
	return out, nil
}

// pages calls fetch until there is no next token. A token that comes twice is an
// error, never the end of the list: what was not listed would be missing silently.
func (c *Client) pages(ctx context.Context, a action, fetch func(ctx context.Context, token *string) (*string, error)) error {
	var token *string
	seen := map[string]bool{}
	for range maxPages {
		next, err := call(ctx, c, a, func(ctx context.Context) (*string, error) { return fetch(ctx, token) })
		if err != nil {
			return err
		}
		if aws.ToString(next) == "" {
			return nil
		}
		if seen[*next] {
			return malformed(a, "the same page token came twice")
		}
		seen[*next] = true
		token = next
	}
	return malformed(a, "the list has no end")
}

// answered turns an answer that lacks its one part into an error.
func answered[T any](a action, part *T) (*T, error) {
	if part == nil {
		return nil, malformed(a, "the answer is empty")
	}
	return part, nil
}

// retryer makes each client's own adaptive retryer.
func retryer(cfg Config) func() aws.Retryer {
	return func() aws.Retryer {
		return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
			o.StandardOptions = append(o.StandardOptions, func(s *retry.StandardOptions) {
				s.MaxAttempts = cfg.Attempts
				s.MaxBackoff = maxBackoff
			})
		})
	}
}

// httpClient gives up an attempt that never answers in time for another.
func httpClient(cfg Config) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTimeout(cfg.CallTimeout / attemptsPerTimeout)
}

// readBody sends a body by its Read alone. The SDK closes the body when the answer
// begins, and its WriteTo then fails with io.EOF (smithy-go 1.28). net/http asks once
// more for the body's end, takes that for a broken request when the answer was quicker,
// and closes the connection while the answer is being read.
type readBody struct{ *awshttp.BuildableClient }

// Do sends the request.
func (c readBody) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct{ io.ReadCloser }{r.Body}
	}
	return c.BuildableClient.Do(r) //nolint:wrapcheck // the SDK knows its own client's errors
}

// within is the client of the configuration with another limit for one attempt.
func within(client aws.HTTPClient, limit time.Duration) aws.HTTPClient {
	if own, ok := client.(readBody); ok {
		return readBody{own.WithTimeout(limit)}
	}
	return client
}

func sdkLogger(to *slog.Logger) logging.Logger {
	return logging.LoggerFunc(func(class logging.Classification, format string, args ...any) {
		to.Debug("aws_sdk", slog.String("class", string(class)), slog.String("message", clip(fmt.Sprintf(format, args...))))
	})
}

// attempts remembers how the last attempt of a call failed: when the time limit
// strikes between two attempts, the SDK tells only of the limit, and throttling
// would look like a dead endpoint.
type attempts struct {
	mu  sync.Mutex
	err error
}

type attemptsKey struct{}

func (a *attempts) set(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

func (a *attempts) last() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err
}

func rememberAttempts() []func(*middleware.Stack) error {
	remember := middleware.FinalizeMiddlewareFunc("eksposure:attempts",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, metadata, err := next.HandleFinalize(ctx, in)
			seen, ok := ctx.Value(attemptsKey{}).(*attempts)
			if ok && err != nil && !errors.Is(err, context.DeadlineExceeded) {
				seen.set(err)
			}
			return out, metadata, err
		})
	return []func(*middleware.Stack) error{
		func(stack *middleware.Stack) error {
			return stack.Finalize.Insert(remember, "Retry", middleware.After)
		},
	}
}
