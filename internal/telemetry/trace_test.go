package telemetry_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	v1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/telemetry"
)

// receiver is a collector that speaks OTLP over HTTP.
type receiver struct {
	mu      sync.Mutex
	service string
	spans   map[string]*v1.Span
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &request)
	}
	if err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, fmt.Sprint(r.URL.Path, err), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, a := range resource.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				c.service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans[s.GetName()] = s
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func TestTraces(t *testing.T) {
	c := &receiver{spans: map[string]*v1.Span{}}
	server := httptest.NewServer(c)
	defer server.Close()
	tracer, err := telemetry.StartTraces(t.Context(), telemetry.TraceConfig{Endpoint: server.URL + "/v1/traces", Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	handler := tracer.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		ctx, end := tracer.Span(r.Context(), "store.search", "engine", "sqlite")
		_, inner := tracer.Span(ctx, "failing")
		inner(fmt.Errorf("no such finding: %w", fault.ErrNotFound))
		end(nil)
		telemetry.Operation(r.Context(), "GetFindingsV2", http.StatusOK)
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/findingsv2", http.NoBody)
	r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	if err := tracer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}

	request, store, failing := c.spans["GetFindingsV2"], c.spans["store.search"], c.spans["failing"]
	if request == nil || store == nil || failing == nil {
		t.Fatalf("spans %v", c.spans)
	}
	if got := fmt.Sprintf("%x %x", request.GetTraceId(), request.GetParentSpanId()); got != "0af7651916cd43dd8448eb211c80319c b7ad6b7169203331" {
		t.Errorf("the request's span is in trace and under span %s", got)
	}
	if diff := cmp.Diff(request.GetSpanId(), store.GetParentSpanId()); diff != "" {
		t.Errorf("parent of store.search (-want +got):\n%s", diff)
	}
	if failing.GetStatus().GetCode() != v1.Status_STATUS_CODE_ERROR || failing.GetStatus().GetMessage() != "not_found" {
		t.Errorf("status of the failed span: %v", failing.GetStatus())
	}
	if c.service != "eksposure" {
		t.Errorf("service %q", c.service)
	}
}

// Without an endpoint nothing is traced and nothing is sent.
func TestNoTraces(t *testing.T) {
	tracer, err := telemetry.StartTraces(t.Context(), telemetry.TraceConfig{})
	if err != nil {
		t.Fatal(err)
	}
	_, end := tracer.Span(t.Context(), "x")
	end(errors.New("any"))
	if err := tracer.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
