package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/eksposure/eksposure/internal/fault"
)

// translate knows the error codes of PostgreSQL's Appendix A.
func (e *postgresEngine) translate(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.byCode(err, pg.Code)
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	if !connecting && fault.Of(err).Err != nil || errors.Is(err, context.Canceled) {
		return err // a category, or a context that ended
	}
	_, network := errors.AsType[net.Error](err)
	if connecting || network || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("database %q cannot be reached; see to the server and the network, and run the command again: %w: %w", e.name, err, fault.ErrUnavailable)
	}
	return err
}

func (e *postgresEngine) byCode(err error, code string) error {
	says := func(remedy string, category error) error {
		return fmt.Errorf("database %q %s: %w: %w", e.name, remedy, err, category)
	}
	switch code {
	case "55P03": // lock_not_available
		return says("is in use by another eksposure", fault.ErrConflict)
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return says("was changed by another eksposure at the same time; run the command again", fault.ErrConflict)
	case "3D000": // invalid_catalog_name
		return says("is not on this server; make it with CREATE DATABASE", fault.ErrNotFound)
	case "57014": // query_canceled
		return says("took too long to answer (statement_timeout)", fault.ErrUnavailable)
	case "25006": // read_only_sql_transaction
		return says("can only be read; name the server that is written", fault.ErrDenied)
	case "42501", "28000", "28P01": // insufficient_privilege, invalid_authorization_specification, invalid_password
		return says("denied access; see to the user, its password (PGPASSWORD or the password file) and its rights", fault.ErrDenied)
	case "53100": // disk_full
		return says("cannot grow: disk full; make room and run the command again, what was recorded is kept", fault.ErrUnavailable)
	}
	switch code[:min(2, len(code))] {
	case "08", "53", "57": // connection exceptions, insufficient resources, operator intervention
		return says("is not available now; see to the server and run the command again", fault.ErrUnavailable)
	case "58", "XX": // system errors, internal errors and corrupted data
		return says("is damaged or its server is; look at the server's log, and "+e.advice(), fault.ErrUnavailable)
	}
	return fmt.Errorf("database %q: %w", e.name, err)
}
