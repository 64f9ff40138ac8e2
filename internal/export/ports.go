package export

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/search"
)

// Findings are what is exported.
type Findings interface {
	Search(ctx context.Context, r search.Request) (search.Page, error)
}

// Objects keeps the jobs.
type Objects interface {
	ObjectReader
	ObjectWriter
}

// ObjectReader reads documents by kind and ID.
type ObjectReader interface {
	// Object gives one; fault.ErrNotFound when there is none.
	Object(ctx context.Context, kind, id string) ([]byte, error)
	Objects(ctx context.Context, kind string) ([][]byte, error)
}

// ObjectWriter changes documents.
type ObjectWriter interface {
	// AddObject adds one; fault.ErrConflict when there is one.
	AddObject(ctx context.Context, kind, id string, document []byte) error
	// PutObject adds or replaces one.
	PutObject(ctx context.Context, kind, id string, document []byte) error
	// ReplaceObject replaces one that still is the old one, else fault.ErrConflict.
	ReplaceObject(ctx context.Context, kind, id string, old, document []byte) error
	DeleteObject(ctx context.Context, kind, id string) error
}

// Leases let one server of several write an export.
type Leases interface {
	// Claim takes a name that nobody holds, and reports whether it did.
	Claim(ctx context.Context, kind, id, holder string, until time.Time) (bool, error)
	// Renew prolongs what the holder still holds; fault.ErrConflict means that it was lost.
	Renew(ctx context.Context, kind, id, holder string, until time.Time) error
	Release(ctx context.Context, kind, id, holder string) error
}

// Target is a file that is written in parts, and that is there when all of it is.
type Target interface {
	// Begin starts an upload and gives its name.
	Begin(ctx context.Context) (string, error)
	// Part writes part number (from 1) at its offset and gives its tag. Writing a
	// number again replaces it.
	Part(ctx context.Context, upload string, number int, offset int64, body []byte) (string, error)
	// Complete makes the file of the parts; size is that of all of them. It may be
	// called again after it succeeded.
	Complete(ctx context.Context, upload string, tags []string, size int64) error
	// Abort forgets the upload; one that is gone already is no error.
	Abort(ctx context.Context, upload string) error
}

// Targets opens targets.
type Targets interface {
	// Bucket gives the target of an object in S3.
	Bucket(ctx context.Context, to S3, object string) (Target, error)
}
