package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"triptych/domain/fault"
)

// retryAfter is what a client is told to wait: about what a restart of
// Postgres takes.
const retryAfter = 2 * time.Second

// Fault turns an error that says "the database cannot serve now" into the fault
// unavailable, and one that says that a text cannot be stored, for the character
// U+0000 in it, into that of a bad parameter, each with the error kept in its
// chain for the log. Any other error it returns as it is. A transport calls it
// once, on every error.
func Fault(err error) error {
	var pg *pgconn.PgError
	switch {
	case errors.As(err, new(*fault.Fault)):
		return err
	case Unavailable(err):
		f := fault.New(fault.Unavailable, "unavailable", "the database cannot serve just now")
		return &translated{f.After(retryAfter), err}
	case errors.As(err, &pg) && pg.Code == "22021": // character_not_in_repertoire
		return &translated{fault.New(fault.Malformed, "bad_parameter", "text must not hold U+0000"), err}
	}
	return err
}

// translated is seen as a fault by clients and as its cause by the log.
type translated struct {
	fault *fault.Fault
	cause error
}

func (t *translated) Error() string   { return t.cause.Error() }
func (t *translated) Unwrap() []error { return []error{t.fault, t.cause} }

// refusals are the SQLSTATEs that say "not now" although the connection is
// well. (https://www.postgresql.org/docs/current/errcodes-appendix.html)
var refusals = map[string]bool{
	"25006": true, // read_only_sql_transaction: a standby
	"40001": true, // serialization_failure, after all attempts
	"40P01": true, // deadlock_detected, after all attempts
	"53000": true, // insufficient_resources
	"53100": true, // disk_full
	"53200": true, // out_of_memory
	"53300": true, // too_many_connections
	"55P03": true, // lock_not_available: lock_timeout
	"57014": true, // query_canceled: statement_timeout
	"57P01": true, // admin_shutdown
	"57P02": true, // crash_shutdown
	"57P03": true, // cannot_connect_now: starting up
	"25P03": true, // idle_in_transaction_session_timeout
	"25P04": true, // transaction_timeout
	"58030": true, // io_error
}

// LockTimeout reports whether err says that somebody else has held a lock for
// longer than lock_timeout.
func LockTimeout(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}

// Unavailable reports whether err says that the database cannot serve now and
// may later: no connection, a lost one, a full disk, too long a wait. When a
// client went away (context.Canceled) that is not the database's doing.
func Unavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return refusals[pg.Code] || strings.HasPrefix(pg.Code, "08")
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, puddle.ErrClosedPool)
}
