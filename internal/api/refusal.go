package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/eksposure/eksposure/internal/fault"
)

// ErrNoCredentials means that a request carries no credentials, or none of the
// asked kind.
var ErrNoCredentials = errors.New("no credentials")

// RefusalError is an error in the words of AWS. It wraps a fault category.
type RefusalError struct {
	// Code is AWS's name of the error: "ThrottlingException".
	Code   string
	Status int
	// Message is for the caller.
	Message string
	// Anonymous tells that the server does not know who calls: where AWS says 403,
	// HTTP's own word is 401.
	Anonymous bool

	category error
}

// Error gives code and message.
func (e *RefusalError) Error() string { return e.Code + ": " + e.Message }

// Unwrap gives the fault category.
func (e *RefusalError) Unwrap() error { return e.category }

// The refusals of a signature, as AWS's restJson1 services answer them (Security Hub
// API Reference, "Common Errors"; an expired signature is an invalid one there).
func anonymous(code, message string) *RefusalError {
	return &RefusalError{Code: code, Status: http.StatusForbidden, Message: message, Anonymous: true, category: fault.ErrDenied}
}

func errMissing() *RefusalError {
	return anonymous("MissingAuthenticationTokenException", "Request is missing Authentication Token")
}

func errUnknownKey() *RefusalError {
	return anonymous("UnrecognizedClientException", "The security token included in the request is invalid.")
}

func errBadSignature(message string) *RefusalError {
	return anonymous("InvalidSignatureException", message)
}

func errIncomplete(message string) *RefusalError {
	return anonymous("IncompleteSignatureException", message)
}

func errThrottled() *RefusalError {
	return &RefusalError{Code: "ThrottlingException", Status: http.StatusTooManyRequests, Message: "Rate exceeded", category: fault.ErrThrottled}
}

func errTooLarge() *RefusalError {
	return &RefusalError{Code: "RequestEntityTooLargeException", Status: http.StatusRequestEntityTooLarge, Message: "The request's body is too large", category: fault.ErrInvalid}
}

func errUnknownOperation() *RefusalError {
	return &RefusalError{Code: "UnknownOperationException", Status: http.StatusNotFound, Message: "No operation has this method and path", category: fault.ErrNotFound}
}

const internalText = "An internal error has occurred"

// RefusalOf gives the refusal that an error stands for, by its fault category.
// What an internal error says stays in the log.
func RefusalOf(err error) *RefusalError {
	if known, ok := errors.AsType[*RefusalError](err); ok {
		return known
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge()
	}
	category := fault.Of(err)
	refusal := &RefusalError{Status: category.HTTPStatus, Message: strings.ToValidUTF8(fault.Message(err), "?"), category: category.Err}
	if category.Err == nil {
		refusal.Code, refusal.Message = "InternalServerException", internalText
		return refusal
	}
	for _, row := range []struct {
		category error
		code     string
	}{
		{fault.ErrInvalid, "ValidationException"},
		{fault.ErrNotFound, "ResourceNotFoundException"},
		{fault.ErrDenied, "AccessDeniedException"},
		{fault.ErrConflict, "ConflictException"},
		{fault.ErrQuota, "ServiceQuotaExceededException"},
		{fault.ErrThrottled, "ThrottlingException"},
	} {
		if errors.Is(category.Err, row.category) {
			refusal.Code = row.code
			return refusal
		}
	}
	refusal.Code, refusal.Message = "ServiceUnavailableException", "The request could not be answered in time; try again"
	return refusal
}

// Fail answers with an error in AWS's shape: X-Amzn-Errortype, and Message and Code
// in the body.
func Fail(w http.ResponseWriter, _ *http.Request, c Caller, err error) {
	refusal := RefusalOf(err)
	body := map[string]string{"Message": refusal.Message, "Code": refusal.Code}
	if refusal.Status == http.StatusInternalServerError {
		body["RequestId"] = c.RequestID
	}
	data, err := json.Marshal(body)
	if err != nil {
		data = []byte(`{}`)
	}
	w.Header().Set("X-Amzn-Errortype", refusal.Code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(refusal.Status)
	_, _ = w.Write(data) // a caller that has gone away needs no answer
}
