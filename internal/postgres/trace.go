package postgres

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgxpool"
)

// acquireTimeout is how long a caller waits for a connection. A longer queue
// helps nobody: the client hears 503 and comes back.
const acquireTimeout = time.Second

// A tracer makes a span of each statement, and is the one place that bounds
// the wait for a connection, however it is asked for: pgxpool lets a tracer
// replace the context of an acquisition, and has no setting for it.
type tracer struct{ *otelpgx.Tracer }

type cancelKey struct{}

// TraceAcquireStart implements pgxpool.AcquireTracer. It makes no span: nearly
// all would last microseconds, and the pool's metrics tell of the others.
func (t tracer) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	ctx, cancel := context.WithTimeout(ctx, acquireTimeout)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

// TraceAcquireEnd implements pgxpool.AcquireTracer.
func (t tracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	ctx.Value(cancelKey{}).(context.CancelFunc)()
}

// summary names a span after a statement: its verb and its first table, which
// is what a reader of a waterfall looks for, and nothing that varies.
func summary(sql string) string {
	var verb string
	table := false // the next word is one
	for word := range strings.FieldsFuncSeq(sql, between) {
		switch {
		case verb == "":
			verb = strings.ToUpper(word)
			table = verb == "UPDATE"
		case table && !strings.EqualFold(word, "SELECT"):
			return verb + " " + strings.Trim(word, `"`)
		default:
			table = strings.EqualFold(word, "FROM") || strings.EqualFold(word, "INTO") || strings.EqualFold(word, "UPDATE")
		}
	}
	return cmp.Or(verb, "query")
}

func between(r rune) bool {
	return r <= ' ' || r == '(' || r == ')' || r == ',' || r == ';'
}
