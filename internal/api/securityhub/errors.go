package securityhub

import (
	"errors"
	"net/http"
	"strings"

	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/hub"
)

// words are an operation's names for the kinds of errors.
type words struct {
	invalid, internal string
}

var (
	commonWords = words{invalid: "ValidationException", internal: "InternalServerException"}
	// tagWords are those of the operations on tags, which are older.
	tagWords = words{invalid: "InvalidInputException", internal: "InternalException"}
)

// failure is the body of an error.
type failure struct {
	Message string `json:"Message"`
	Code    string `json:"Code"`
}

// kind is an error's name and status.
type kind struct {
	name   string
	status int
}

// classify gives an error's name and status (API Reference, "Errors").
func (o operation) classify(err error) kind {
	named := commonWords
	if o.words != nil {
		named = *o.words
	}
	switch {
	case errors.Is(err, hub.ErrOrganizationNotFound):
		return kind{"OrganizationNotFoundException", http.StatusBadRequest}
	case errors.Is(err, hub.ErrUnitNotFound):
		return kind{"OrganizationalUnitNotFoundException", http.StatusBadRequest}
	case errors.Is(err, fault.ErrInvalid):
		return kind{named.invalid, http.StatusBadRequest}
	case errors.Is(err, fault.ErrNotFound):
		return kind{"ResourceNotFoundException", http.StatusNotFound}
	case errors.Is(err, fault.ErrDenied):
		return kind{"AccessDeniedException", http.StatusForbidden}
	case errors.Is(err, fault.ErrConflict):
		return kind{"ConflictException", http.StatusConflict}
	case errors.Is(err, fault.ErrQuota):
		return kind{"ServiceQuotaExceededException", http.StatusPaymentRequired}
	case errors.Is(err, fault.ErrThrottled):
		return kind{"ThrottlingException", http.StatusTooManyRequests}
	}
	return kind{named.internal, http.StatusInternalServerError}
}

// fail writes an error in Security Hub's form. What went wrong inside is told to
// the log and not to the caller.
func (o operation) fail(w http.ResponseWriter, _ *http.Request, c api.Caller, err error) {
	k := o.classify(err)
	message := reason(err)
	if k.status == http.StatusInternalServerError {
		message = "The request " + c.RequestID + " could not be answered; the server's log has the reason."
	}
	w.Header().Set("X-Amzn-ErrorType", k.name)
	_ = write(w, k.status, failure{Message: message, Code: k.name})
}

// reason is an error's text without its category, which the error's name tells.
func reason(err error) string {
	text := err.Error()
	for _, e := range []error{hub.ErrOrganizationNotFound, hub.ErrUnitNotFound} {
		text = strings.TrimSuffix(text, ": "+e.Error())
	}
	for _, c := range fault.Categories() {
		text = strings.TrimSuffix(text, ": "+c.Err.Error())
	}
	return text
}
