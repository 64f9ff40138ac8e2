package native

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
)

// Problem says what went wrong (RFC 9457).
type Problem struct {
	Type      string `json:"type" doc:"Name of the kind of problem: urn:eksposure:problem: and the category."`
	Title     string `json:"title" doc:"The HTTP status in words."`
	Status    int    `json:"status" doc:"The HTTP status."`
	Detail    string `json:"detail,omitempty" doc:"What happened and what to do about it."`
	Category  string `json:"category" doc:"Category of the error, a stable word: invalid, not_found, denied, conflict, throttled, unavailable, internal."`
	Retry     bool   `json:"retry" doc:"Whether the same request may succeed later."`
	RequestID string `json:"request_id,omitempty" doc:"Name of the request in the server's log and audit log."`
}

// mediaProblem is the media type of problem details.
const mediaProblem = "application/problem+json"

// fail answers an error. What went wrong inside stays in the log.
func fail(w http.ResponseWriter, _ *http.Request, c api.Caller, err error) {
	category, status := fault.Of(err), api.RefusalOf(err).Status // the same but for a body that is too large, 413
	p := Problem{
		Type: "urn:eksposure:problem:" + category.Name, Title: http.StatusText(status), Status: status,
		Category: category.Name, Retry: category.Retry, RequestID: c.RequestID,
	}
	p.Detail = "The server met a defect; its log has more under the request's ID."
	if category.Err != nil {
		p.Detail = fault.Message(err)
		if refusal, ok := errors.AsType[*api.RefusalError](err); ok {
			p.Detail = refusal.Message
		}
	}
	body, err := json.Marshal(p)
	if err != nil {
		http.Error(w, http.StatusText(status), status) // cannot happen: texts and numbers
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaProblem)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller is gone
}
