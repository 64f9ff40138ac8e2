package catalog

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/eksposure/eksposure/internal/fault"
)

// translate gives an error of the registry client its category. An error that has
// one already is left alone, as are those of a context.
func translate(err error) error {
	if err == nil || isContext(err) || fault.Of(err).Err != nil {
		return err
	}
	if category := categoryOf(err); category != nil {
		return fmt.Errorf("%w: %w", err, category)
	}
	return err
}

func categoryOf(err error) error {
	if answer, ok := errors.AsType[*transport.Error](err); ok {
		return statusCategory(answer.StatusCode)
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return fault.ErrUnavailable
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return fault.ErrUnavailable
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.ErrUnavailable
	}
	// What is left is content that is not what its digest or size promised.
	return fault.ErrInvalid
}

func statusCategory(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return fault.ErrDenied
	case status == http.StatusNotFound:
		return fault.ErrNotFound
	case status == http.StatusTooManyRequests:
		return fault.ErrThrottled
	case status >= http.StatusInternalServerError, status == http.StatusRequestTimeout:
		return fault.ErrUnavailable
	default:
		return fault.ErrInvalid
	}
}
