package fault

import "errors"

// Local marks an error about something of the user's own machine, a file, a
// directory, a port, or about a rule of the user's own. Neither credentials nor the network mend it, so that callers
// do not point there; the error itself names the remedy. The category stays.
func Local(err error) error {
	if err == nil {
		return nil
	}
	return &localError{err}
}

// IsLocal reports whether Local marked err or an error that it wraps.
func IsLocal(err error) bool {
	_, ok := errors.AsType[*localError](err)
	return ok
}

type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }
