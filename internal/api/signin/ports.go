package signin

import (
	"context"

	"github.com/eksposure/eksposure/internal/access"
	"github.com/eksposure/eksposure/internal/session"
)

// Sessions keeps the sessions; fault.ErrNotFound means that a token is none's.
type Sessions interface {
	Begin(ctx context.Context, p access.Principal, key bool) (string, session.Session, error)
	Find(ctx context.Context, token string) (session.Session, error)
	End(ctx context.Context, token string) error
}

// Keys looks an access key up; fault.ErrNotFound or fault.ErrDenied means that it
// does not count.
type Keys interface {
	Credential(ctx context.Context, id string) (access.Principal, string, error)
	Used(ctx context.Context, id string)
}

// Provider is an identity provider. fault.ErrInvalid and fault.ErrDenied mean that
// it vouches for nobody with a role here.
type Provider interface {
	LoginURL(ctx context.Context, state, nonce, verifier string) (string, error)
	Exchange(ctx context.Context, code, nonce, verifier string) (access.Principal, error)
}
