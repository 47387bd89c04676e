package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/testing/protocmp"

	"triptych/domain/fault"
	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
	eventsv1 "triptych/proto/events/v1"
	reportsv1 "triptych/proto/reports/v1"
)

// want holds a report's sums against what they should be.
func want(t *testing.T, r *reportsv1.SalesReport, orders, cancelled, revenue int64) {
	t.Helper()
	if r.Orders != orders || r.Cancelled != cancelled || r.Revenue != revenue {
		t.Errorf("got %d orders, %d cancelled, revenue %d; want %d, %d, %d", r.Orders, r.Cancelled, r.Revenue, orders, cancelled, revenue)
	}
}

func TestTheReportFollowsTheEvents(t *testing.T) {
	s := open(t)
	s.start(s.projector)
	kept, shipped, back, leaving := order(600), order(1200), order(2400), order(4800)
	s.publish(
		s.event(&eventsv1.OrderPlaced{OrderId: kept.OrderId}), s.event(kept),
		s.event(shipped), s.event(&eventsv1.OrderShipped{OrderId: shipped.OrderId}),
		s.event(back), s.event(&eventsv1.OrderCancelling{OrderId: back.OrderId}), s.event(&eventsv1.OrderCancelled{OrderId: back.OrderId}),
		s.event(leaving), s.event(&eventsv1.OrderCancelling{OrderId: leaving.OrderId}),
		s.event(&eventsv1.OrderRejected{OrderId: uuid.NewString()}),
	)
	r := s.settled()
	want(t, r, 2, 1, 1800)
	date := kept.At.AsTime().Format(time.DateOnly)
	if diff := cmp.Diff(&reportsv1.SalesReport{
		Orders: 2, Cancelled: 1, Revenue: 1800, Vat: 300,
		Days:     []*reportsv1.Day{{Date: date, Orders: 2, Revenue: 1800}},
		Products: []*reportsv1.Product{{Sku: "TEA", Units: 2, Revenue: 1800}},
	}, r, protocmp.Transform(), protocmp.IgnoreFields(r, "as_of")); diff != "" && date == r.AsOf.AsTime().Format(time.DateOnly) {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A message is sent again when nobody knows whether it arrived.
func TestAnEventThatComesTwiceCountsOnce(t *testing.T) {
	s := open(t)
	m := s.event(order(600))
	s.publish(m, m)
	s.start(s.projector)
	s.publish(m)
	want(t, s.settled(), 1, 0, 600)
	var handled int
	if err := s.db.QueryRow(t.Context(), `SELECT count(*) FROM inbox`).Scan(&handled); err != nil || handled != 1 {
		t.Errorf("%d messages in the inbox, %v; want 1", handled, err)
	}
}

// An event that had to be tried again comes after those that it should have
// come before.
func TestEventsOutOfOrder(t *testing.T) {
	s := open(t)
	s.start(s.projector)
	o := order(600)
	s.publish(s.event(&eventsv1.OrderCancelled{OrderId: o.OrderId}), s.event(&eventsv1.OrderCancelling{OrderId: o.OrderId}), s.event(o))
	want(t, s.settled(), 0, 1, 0)
}

func TestWhatCannotBeAppliedIsSetAside(t *testing.T) {
	s := open(t)
	s.start(s.projector)
	garbage := s.event(order(1))
	garbage.Value = []byte("garbage")
	nobody := s.event(&eventsv1.OrderCancelled{OrderId: "nobody"})
	timeless := order(2)
	timeless.At = nil
	negative := order(3)
	negative.Total = -3
	poison := []kafka.Message{garbage, nobody, s.event(timeless), s.event(negative)}
	s.publish(poison...)
	s.publish(s.event(order(600)))
	want(t, s.settled(), 1, 0, 600) // the good ones are not held up
	waittest.Until(t, "four dead letters", func() bool { return len(s.letters(1)) >= len(poison) })
	for _, letter := range s.letters(1) {
		if letter.Attempt != 3 {
			t.Errorf("%s was tried %d times", letter.ID, letter.Attempt)
		}
	}
}

func TestTypesThatAreNotKnownAreLeftAlone(t *testing.T) {
	s := open(t)
	s.start(s.projector)
	m := s.event(order(600))
	m.Type, m.Value = "events.v2.OrderAdored", []byte("garbage")
	s.publish(m, s.event(order(700)))
	want(t, s.settled(), 1, 0, 700)
}

func TestRebuildFromTheLog(t *testing.T) {
	s := open(t)
	s.start(s.projector)
	back := order(2400)
	s.publish(s.event(order(600)), s.event(back), s.event(order(1200)), s.event(&eventsv1.OrderCancelled{OrderId: back.OrderId}))
	before := s.settled()
	want(t, before, 2, 1, 1800)

	// What is only in the projection is gone afterwards, what it has lost is back.
	if _, err := s.db.Exec(t.Context(), `UPDATE sales SET total = 999999, status = 'sold'`); err != nil {
		t.Fatal(err)
	}
	s.rebuild()
	after := s.settled()
	if diff := cmp.Diff(before, after, protocmp.Transform(), protocmp.IgnoreFields(after, "as_of")); diff != "" {
		t.Errorf("the report (-before +after):\n%s", diff)
	}
	var old, now int
	err := s.db.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE consumer = $1), count(*) FILTER (WHERE consumer = $2) FROM inbox`,
		s.projector.group(1), s.projector.group(2)).Scan(&old, &now)
	if err != nil || old != 0 || now != 4 {
		t.Errorf("the inbox has %d of the first generation and %d of the second, %v; want 0 and 4", old, now, err)
	}

	// And it goes on from there, once more too.
	s.publish(s.event(order(100)))
	want(t, s.settled(), 3, 1, 1900)
	s.rebuild()
	want(t, s.settled(), 3, 1, 1900)
}

// Of two processes, the one that was not asked to begin anew finds out by itself.
func TestAnotherProcessBeginsAnew(t *testing.T) {
	s := open(t)
	p := *s.projector
	other := &p
	other.moved = make(chan struct{}, 1)
	s.start(other)
	s.publish(s.event(order(600)))
	want(t, s.settled(), 1, 0, 600)
	s.rebuild() // which the other, that alone reads, does not hear of
	s.publish(s.event(order(700)))
	want(t, s.settled(), 2, 0, 1300)
}

// plenty of events are enough for each partition to get some.
const plenty = 100

func TestHowFreshAReportIs(t *testing.T) {
	s := open(t)
	epoch := time.Unix(0, 0)
	lately := time.Now().Add(-time.Hour).Truncate(time.Millisecond)

	// Nothing was ever sold: the report is whole.
	asked := time.Now()
	if at := s.sales().AsOf.AsTime(); at.Before(asked) || at.After(time.Now()) {
		t.Errorf("without any event: as of %v, asked at %v", at, asked)
	}

	// Nothing was applied of what there is.
	for i := range plenty {
		m := s.event(order(100))
		m.Time = lately.Add(time.Duration(i) * time.Second)
		s.publish(m)
	}
	if at := s.sales().AsOf.AsTime(); !at.Equal(epoch) {
		t.Errorf("with nothing applied: as of %v", at)
	}

	// All of it was, and it may be long ago.
	stop := s.start(s.projector)
	s.settled()
	stop()

	// Some of it was not.
	s.publish(s.event(order(100)))
	if at := s.sales().AsOf.AsTime(); at.Before(lately) || at.After(lately.Add(plenty*time.Second)) {
		t.Errorf("an event behind: as of %v, want about %v", at, lately)
	}
}

// A broker that is away takes nothing from the report but its freshness.
func TestReportsWithoutTheLog(t *testing.T) {
	broker := kafkatest.New(t)
	s := openAt(t, strings.Join(broker.ListenAddrs(), ","))
	stop := s.start(s.projector)
	for range plenty {
		s.publish(s.event(order(100)))
	}
	s.settled()
	stop()
	broker.Close()
	r := s.sales()
	want(t, r, plenty, 0, 100*plenty)
	if at := r.AsOf.AsTime(); time.Since(at) > time.Minute || at.After(time.Now()) {
		t.Errorf("as of %v", at)
	}
}

func TestDaysThatAreNone(t *testing.T) {
	s := open(t)
	for _, r := range []*reportsv1.SalesRequest{{}, {From: "2026-11-01"}, {From: "2026-11-01", To: "2026-11-31"}, {From: "today", To: "2026-11-30"}} {
		if _, err := s.client.Sales(t.Context(), r); !fault.Is(err, "invalid") {
			t.Errorf("%v: got %v", r, err)
		}
	}
}

func TestOnlyTheOperatorRebuilds(t *testing.T) {
	s := open(t)
	_, err := s.client.Rebuild(t.Context(), nil)
	if f := (*fault.Fault)(nil); err == nil || errors.As(err, &f) {
		t.Errorf("the gateway may: %v", err)
	}
}
