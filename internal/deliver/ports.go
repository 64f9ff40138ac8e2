package deliver

import (
	"context"
	"time"

	"github.com/eksposure/eksposure/internal/automation"
	"github.com/eksposure/eksposure/internal/exposure"
	"github.com/eksposure/eksposure/internal/ocsf"
)

// Log is the change log.
type Log interface {
	// Changes gives the changes after a number, in order.
	Changes(ctx context.Context, after int64, limit int) ([]exposure.LoggedChange, error)
	// LastChange is the number of the latest change; 0 when there is none.
	LastChange(ctx context.Context) (int64, error)
	// PruneChanges removes changes from before a time that every sink has had.
	PruneChanges(ctx context.Context, before time.Time) (int64, error)
}

// Cursors keeps how far each sink is.
type Cursors interface {
	// Cursor is the number that a sink has delivered; fault.ErrNotFound for a sink
	// that is new.
	Cursor(ctx context.Context, sink string) (int64, error)
	MoveCursor(ctx context.Context, sink string, number int64) error
}

// Documents gives findings as they are now.
type Documents interface {
	// Document gives the OCSF document of a finding; fault.ErrNotFound when it is gone.
	Document(ctx context.Context, id string) ([]byte, error)
}

// Leases let one server of several deliver to a sink.
type Leases interface {
	// Claim takes a name that nobody holds, and reports whether it did.
	Claim(ctx context.Context, kind, id, holder string, until time.Time) (bool, error)
	// Renew prolongs what the holder still holds; fault.ErrConflict means that it was lost.
	Renew(ctx context.Context, kind, id, holder string, until time.Time) error
	Release(ctx context.Context, kind, id, holder string) error
}

// Objects keeps the dead letters.
type Objects interface {
	PutObject(ctx context.Context, kind, id string, document []byte) error
	Object(ctx context.Context, kind, id string) ([]byte, error)
	Objects(ctx context.Context, kind string) ([][]byte, error)
	DeleteObject(ctx context.Context, kind, id string) error
}

// Sink is somewhere that events go.
type Sink interface {
	// Name is stable: the sink's cursor is kept under it.
	Name() string
	// Batch is how many events it takes at once.
	Batch() int
	// MaxEvent is the largest event in bytes of JSON.
	MaxEvent() int
	// Deliver offers events in order and gives how many were taken. The error is about
	// the first that was not; fault.ErrInvalid means that it never will be, and an
	// error with a method RetryAfter() time.Duration says when to try again.
	Deliver(ctx context.Context, events []ocsf.Event) (int, error)
}

// Rules tells which rules ask for a ticket.
type Rules interface {
	Tickets(ctx context.Context, f *exposure.Finding) ([]automation.Rule, error)
}

// Findings gives whole findings.
type Findings interface {
	// Finding gives a finding by its ID; fault.ErrNotFound when it is gone.
	Finding(ctx context.Context, id string) (*exposure.Finding, error)
}

// Connectors opens tickets.
type Connectors interface {
	// OpenTicket opens a ticket at a connector, or finds the one of the same token.
	OpenTicket(ctx context.Context, connector string, t automation.Ticket) (automation.Opened, error)
}
