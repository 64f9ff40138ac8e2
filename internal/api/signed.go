package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/eksposure/eksposure/internal/fault"
	"github.com/eksposure/eksposure/internal/sigv4"
)

// signingName is the service that requests are signed for, in any region.
const signingName = "securityhub"

// Signed authenticates requests that are signed with an access key (AWS Signature
// Version 4, in the Authorization header).
type Signed struct {
	Keys Keys
	Now  func() time.Time
}

// Authenticate reads the whole body, which is signed, but only for a key that
// exists and a time that counts.
func (s Signed) Authenticate(r *http.Request) (Proof, error) {
	if r.Header.Get("Authorization") != "" && !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") {
		return Proof{}, ErrNoCredentials
	}
	sig, err := sigv4.Read(r)
	if err != nil {
		return Proof{}, signatureRefusal(err)
	}
	if err := s.acceptable(sig); err != nil {
		return Proof{}, err
	}
	principal, secret, err := s.Keys.Credential(r.Context(), sig.AccessKey)
	switch {
	case errors.Is(err, fault.ErrNotFound), errors.Is(err, fault.ErrDenied):
		return Proof{}, errUnknownKey()
	case err != nil:
		return Proof{}, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return Proof{}, bodyFault(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err := sig.Verify(r, body, secret); err != nil {
		return Proof{}, signatureRefusal(err)
	}
	s.Keys.Used(r.Context(), sig.AccessKey)
	return Proof{Principal: principal, Once: sig.AccessKey + " " + sig.Sum, Until: sig.Last(), Repeatable: !sig.Signs("amz-sdk-invocation-id")}, nil
}

// acceptable refuses what no key can mend.
func (s Signed) acceptable(sig sigv4.Signature) error {
	if sig.Presigned {
		return errIncomplete("Presigned URLs are not accepted: sign the Authorization header")
	}
	if sig.Token != "" {
		return errUnknownKey() // keys of eksposure have no sessions
	}
	if sig.Service != signingName {
		return errBadSignature("Credential should be scoped to correct service: '" + signingName + "'.")
	}
	if err := sig.Fresh(s.Now()); err != nil {
		return signatureRefusal(err)
	}
	return nil
}

func signatureRefusal(err error) error {
	switch {
	case errors.Is(err, sigv4.ErrUnsigned):
		return ErrNoCredentials
	case errors.Is(err, sigv4.ErrOutdated):
		_, detail, _ := strings.Cut(err.Error(), ": ")
		return errBadSignature("Signature expired: " + detail)
	case errors.Is(err, sigv4.ErrMismatch):
		return errBadSignature("The request signature we calculated does not match the signature you provided. " +
			"Check your AWS Secret Access Key and signing method.")
	}
	return errIncomplete("The signature cannot be read: " + err.Error())
}

// bodyFault tells a body that is too large from one that did not arrive.
func bodyFault(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return errTooLarge()
	}
	return fmt.Errorf("request body: %w: %w", fault.ErrInvalid, err)
}
