package keyring

import "context"

// Objects keeps the keys' documents, by kind and ID.
type Objects interface {
	Reader
	Writer
}

// Reader reads documents. One that does not exist is fault.ErrNotFound.
type Reader interface {
	Object(ctx context.Context, kind, id string) ([]byte, error)
	// Objects gives all documents of a kind in order of their IDs.
	Objects(ctx context.Context, kind string) ([][]byte, error)
}

// Writer changes documents.
type Writer interface {
	// AddObject is fault.ErrConflict when there is one.
	AddObject(ctx context.Context, kind, id string, document []byte) error
	// ReplaceObject is fault.ErrConflict when the document is not the old one.
	ReplaceObject(ctx context.Context, kind, id string, old, document []byte) error
}

// Box seals secrets under a key file.
type Box interface {
	Path() string
	// Make makes the key file unless there is one.
	Make() error
	// Fingerprint names the key; a missing file is fault.ErrNotFound.
	Fingerprint() (string, error)
	Seal(name string, secret []byte) ([]byte, error)
	Open(name string, sealed []byte) ([]byte, error)
}
