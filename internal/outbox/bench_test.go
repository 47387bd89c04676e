package outbox_test

import (
	"testing"
	"time"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/outbox"
	"triptych/internal/postgres/pgtest"
)

// BenchmarkRelay says how many events a second one relay puts into the log, from
// an outbox that is full already.
func BenchmarkRelay(b *testing.B) {
	const events = 20_000
	db := pgtest.New(b, outbox.Schema)
	topic := kafka.Topic{Name: kafkatest.Name(b, "orders"), Partitions: 6}
	log := openLog(b, topic)
	var took time.Duration
	for b.Loop() {
		_, err := db.Exec(b.Context(), `
			INSERT INTO outbox (event_id, aggregatetype, aggregateid, type, payload, traceparent, tracestate, at)
			SELECT gen_random_uuid(), $1, gen_random_uuid(), 'events.v1.OrderConfirmed', decode(repeat('00', 200), 'hex'),
				'00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', '', now()
			FROM generate_series(1, $2)`, topic.Name, events)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		stop := runRelay(b, outbox.NewRelay(db, log))
		awaitEmpty(b, db)
		took += time.Since(began)
		stop()
	}
	b.ReportMetric(float64(events*b.N)/took.Seconds(), "events/s")
}
