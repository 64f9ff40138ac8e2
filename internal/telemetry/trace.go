package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/eksposure/eksposure/internal/fault"
)

// serviceName is the resource's unless OTEL_SERVICE_NAME or
// OTEL_RESOURCE_ATTRIBUTES name another.
const serviceName = "eksposure"

// TraceConfig says where traces go. The standard OTEL_ variables add headers,
// certificates, sampling and resource attributes; the SDK reads them.
type TraceConfig struct {
	// Endpoint is the URL that spans are posted to; without one nothing is traced.
	Endpoint string
	Version  string
	Log      *slog.Logger
}

// Tracer makes spans.
type Tracer struct {
	tracer   trace.Tracer
	provider *sdktrace.TracerProvider // nil when nothing is traced
}

// StartTraces begins to trace.
func StartTraces(ctx context.Context, c TraceConfig) (*Tracer, error) {
	if c.Endpoint == "" {
		return &Tracer{tracer: noop.NewTracerProvider().Tracer(serviceName)}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(c.Endpoint))
	if err != nil {
		return nil, fmt.Errorf("export traces to %q: %w: %w", c.Endpoint, err, fault.ErrInvalid)
	}
	return newTracer(ctx, c, sdktrace.WithBatcher(exporter))
}

func newTracer(ctx context.Context, c TraceConfig, o sdktrace.TracerProviderOption) (*Tracer, error) {
	res, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", serviceName), attribute.String("service.version", c.Version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describe the traced process: %w: %w", err, fault.ErrInvalid)
	}
	otel.SetErrorHandler(newReporter(c.Log))
	provider := sdktrace.NewTracerProvider(o, sdktrace.WithResource(res))
	return &Tracer{tracer: provider.Tracer(serviceName), provider: provider}, nil
}

// Close sends what is left.
func (t *Tracer) Close(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("end traces: %w: %w", err, fault.ErrUnavailable)
	}
	return nil
}

// Span begins a span; the returned function ends it, as failed when it is given an
// error. about are pairs of an attribute's name and value.
func (t *Tracer) Span(ctx context.Context, name string, about ...string) (context.Context, func(error)) {
	var attributes []attribute.KeyValue
	for i := 0; i+1 < len(about); i += 2 {
		attributes = append(attributes, attribute.String(about[i], about[i+1]))
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, fault.Of(err).Name)
		}
		span.End()
	}
}

// Handler makes a span of every request, in the trace that the caller began. The
// span has the method's name until Operation names it.
func (t *Tracer) Handler(next http.Handler) http.Handler {
	if t.provider == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", r.Method)))
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Operation names the span of a request after its operation, and notes its status.
func Operation(ctx context.Context, operation string, status int) {
	span := trace.SpanFromContext(ctx)
	if operation != "" {
		span.SetName(operation)
	}
	span.SetAttributes(attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
}

// reporter logs failures of the exporter, one in a while: a collector that is away
// fails every few seconds.
type reporter struct {
	log *slog.Logger

	mu   sync.Mutex
	last time.Time
}

// reportEvery is the pause between two logged failures.
const reportEvery = time.Hour

func newReporter(log *slog.Logger) *reporter {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &reporter{log: log}
}

// Handle implements otel.ErrorHandler.
func (r *reporter) Handle(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now() //nolint:forbidigo // paces a log line
	if now.Sub(r.last) < reportEvery {
		return
	}
	r.last = now
	r.log.LogAttrs(context.Background(), slog.LevelWarn, "traces not delivered", slog.String("error", err.Error())) //nolint:forbidigo // the SDK gives no context
}
