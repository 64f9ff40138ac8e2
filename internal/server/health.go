package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// checkTime bounds the checks of one readiness request.
	checkTime = 5 * time.Second
	// checkAge is how long an answer serves others: anybody may ask.
	checkAge = 2 * time.Second
)

// Health answers /healthz and /readyz, to anybody: the reasons name parts of this
// program, and nothing of what it knows.
type Health struct {
	now func() time.Time

	mu       sync.Mutex
	checks   []check
	draining bool
	at       time.Time
	reasons  []Reason
}

type check struct {
	part string
	ask  func(context.Context) string
}

// Reason is why the server is not ready.
type Reason struct {
	Part   string `json:"part"`
	Reason string `json:"reason"`
}

// readiness is the answer of /readyz.
type readiness struct {
	Ready   bool     `json:"ready"`
	Reasons []Reason `json:"reasons"`
}

func newHealth(now func() time.Time) *Health {
	h := &Health{now: now}
	h.Check("server", func(context.Context) string { return "starting" })
	return h
}

// Check adds or replaces the check of a part: it answers why the part is not ready,
// or nothing.
func (h *Health) Check(part string, ask func(context.Context) string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = time.Time{}
	for i := range h.checks {
		if h.checks[i].part == part {
			h.checks[i].ask = ask
			return
		}
	}
	h.checks = append(h.checks, check{part, ask})
}

// Started ends the state in which the server is "starting".
func (h *Health) Started() { h.Check("server", func(context.Context) string { return "" }) }

// Reasons asks every part why it is not ready.
func (h *Health) Reasons(ctx context.Context) []Reason {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return []Reason{{Part: "server", Reason: "ending"}}
	}
	now := h.now()
	if !h.at.IsZero() && now.Sub(h.at) < checkAge {
		return slices.Clone(h.reasons)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	h.reasons = nil
	for _, c := range h.checks {
		if reason := c.ask(ctx); reason != "" {
			h.reasons = append(h.reasons, Reason{c.part, reason})
		}
	}
	h.at = now
	return slices.Clone(h.reasons)
}

func (h *Health) drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
}

func (h *Health) alive(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "alive"})
}

func (h *Health) ready(w http.ResponseWriter, r *http.Request) {
	reasons := h.Reasons(r.Context())
	status := http.StatusOK
	if len(reasons) > 0 {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, readiness{Ready: len(reasons) == 0, Reasons: append([]Reason{}, reasons...)})
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a caller that is gone needs no answer
}
