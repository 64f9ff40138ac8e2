package securityhub

import (
	"errors"
	"net/http"
	"strings"

	"github.com/eksposure/eksposure/internal/api"
	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/hub"
)

// words replace the names of errors that most operations share.
type words map[string]string

// tagWords are those of the operations on tags, which are older than the others.
func tagWords() words {
	return words{
		"ValidationException":     "InvalidInputException",
		"InternalServerException": "InternalException",
	}
}

// failure is the body of an error.
type failure struct {
	Message string `json:"Message"`
	Code    string `json:"Code"`
}

// fail writes an error in Security Hub's form (API Reference, "Errors"). What went
// wrong inside is told to the log and not to the caller.
func (o operation) fail(w http.ResponseWriter, _ *http.Request, c api.Caller, err error) {
	refusal := *api.RefusalOf(err)
	switch {
	case errors.Is(err, hub.ErrOrganizationNotFound):
		refusal.Code, refusal.Status = "OrganizationNotFoundException", http.StatusBadRequest
	case errors.Is(err, hub.ErrUnitNotFound):
		refusal.Code, refusal.Status = "OrganizationalUnitNotFoundException", http.StatusBadRequest
	}
	if word, ok := o.words[refusal.Code]; ok {
		refusal.Code = word
	}
	if refusal.Status == http.StatusInternalServerError {
		refusal.Message += "; the server's log has the reason under request ID " + c.RequestID
	}
	w.Header().Set("X-Amzn-Errortype", refusal.Code)
	_ = write(w, refusal.Status, failure{Message: refusal.Message, Code: refusal.Code})
}

// reason is an error's text without its category, which the error's name tells.
func reason(err error) string {
	text := fault.Message(err)
	for _, e := range []error{hub.ErrOrganizationNotFound, hub.ErrUnitNotFound} {
		text = strings.TrimSuffix(text, ": "+fault.Message(e))
	}
	return text
}
