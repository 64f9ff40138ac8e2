package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/fault"
)

// Tokens verifies the tokens of an identity provider. fault.ErrInvalid means that a
// token does not count, fault.ErrDenied that its subject has no role.
type Tokens interface {
	Verify(ctx context.Context, token string) (access.Principal, error)
}

// Bearer authenticates requests with a bearer token (RFC 6750, section 2.1). A token
// counts until it expires, however often it is used.
type Bearer struct {
	Tokens Tokens
}

// Authenticate verifies the token.
func (b Bearer) Authenticate(r *http.Request) (Proof, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return Proof{}, ErrNoCredentials
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Proof{}, ErrNoCredentials
	}
	principal, err := b.Tokens.Verify(r.Context(), strings.TrimSpace(token))
	switch {
	case errors.Is(err, fault.ErrInvalid):
		return Proof{}, errUnknownKey()
	case err != nil:
		return Proof{}, err
	}
	return Proof{Principal: principal}, nil
}
