// Package outbox sends events that are true if and only if the transaction that
// caused them was committed: they are rows of the same database until a relay
// has put them into the log (the pattern "transactional outbox").
package outbox

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"triptych/internal/kafka"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the table of events that are not sent yet.
var Schema = postgres.NewSchema("outbox", schema)

// largest is how large an event may be, in bytes. A broker takes a megabyte
// with everything around it; a row that it refuses would hold up all behind it.
const largest = 900_000

// Add adds an event to a topic, which will be sent if tx is committed, with the
// trace of ctx. Events of one key are sent in the order of adding, if those who
// add to a key take turns: with a lock on the row that the key names, say.
func Add(ctx context.Context, tx pgx.Tx, topic, key string, event proto.Message) error {
	name := event.ProtoReflect().Descriptor().FullName()
	payload, err := proto.Marshal(event)
	if err != nil {
		return fmt.Errorf("add %s to the outbox: %w", name, err)
	}
	if len(payload)+len(key) > largest {
		return fmt.Errorf("add %s to the outbox: it has %d bytes, more than %d", name, len(payload), largest)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	trace := kafka.TraceOf(ctx)
	_, err = tx.Exec(ctx, `
		INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, payload, traceparent, tracestate, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, topic, key, string(name), payload, trace["traceparent"], trace["tracestate"], time.Now())
	if err != nil {
		return fmt.Errorf("add %s to the outbox: %w", name, err)
	}
	return nil
}
