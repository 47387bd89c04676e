package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"triptych/domain/fault"
	"triptych/domain/payment"
	"triptych/internal/faults"
	paymentsv1 "triptych/proto/payments/v1"
)

const (
	declined = "the card was declined"
	off      = "the payment was called off"
	late     = "the payment was authorised too long ago"
)

func TestAPaymentsLife(t *testing.T) {
	for _, c := range []struct {
		name     string
		lifetime time.Duration
		calls    string
		want     string // separated by commas
		told     string
	}{
		{"taken", 0, "tok_visa capture", "yes,yes", "authorise capture"},
		{"taken, and asked again", 0, "tok_visa tok_visa capture capture tok_visa", "yes,yes,yes,yes,yes", "authorise capture"},
		{"given back", 0, "tok_visa capture refund", "yes,yes,ok", "authorise capture refund"},
		{"given back, and asked again", 0, "tok_visa capture refund refund capture tok_visa", "yes,yes,ok,ok,yes,yes", "authorise capture refund"},
		{"called off", 0, "tok_visa void void capture tok_visa", "yes,ok,ok," + off + "," + off, "authorise void"},
		{"called off too late", 0, "tok_visa capture void refund void", "yes,yes,payment_captured,ok,payment_captured", "authorise capture refund"},
		{"declined", 0, "tok_declined capture void", declined + "," + declined + ",ok", ""},
		{"declined, and another card", 0, "tok_declined tok_visa capture", declined + "," + declined + "," + declined, ""},
		{"called off before it came", 0, "void tok_visa capture refund", "ok," + off + "," + off + ",payment_not_captured", ""},
		{"taken before it came", 0, "capture tok_visa capture void", off + "," + off + "," + off + ",ok", ""},
		{"given back before it was taken", 0, "tok_visa refund capture", "yes,payment_not_captured,yes", "authorise capture"},
		{"given back before it came", 0, "refund tok_visa", "payment_not_captured,yes", "authorise"},
		{"lapsed", time.Microsecond, "tok_visa capture capture void refund", "yes," + late + "," + late + ",ok,payment_not_captured", "authorise"},
		{"lapsed, and asked again", time.Microsecond, "tok_visa capture tok_visa", "yes," + late + "," + late, "authorise"},
		{"taken and then lapsed", 3 * time.Second, "tok_visa capture lapse capture refund", "yes,yes,yes,ok", "authorise capture refund"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lifetime := c.lifetime
			if lifetime == 0 {
				lifetime = payment.Lifetime
			}
			d, order := open(t, lifetime), uuid.New()
			var got []string
			for call := range strings.FieldsSeq(c.calls) {
				if call == "lapse" {
					d.awaitLapse(t, order)
					continue
				}
				got = append(got, d.call(order, call))
			}
			if g := strings.Join(got, ","); g != c.want || d.told(t, order) != c.told {
				t.Errorf("got %s and told %q; want %s and %q", g, d.told(t, order), c.want, c.told)
			}
			d.check(t)
		})
	}
}

func (d *desk) awaitLapse(t *testing.T, order uuid.UUID) {
	t.Helper()
	for lapsed := false; !lapsed; time.Sleep(time.Millisecond) {
		err := d.db.QueryRow(t.Context(), `SELECT expires_at < now() FROM authorisations WHERE order_id = $1`, order).Scan(&lapsed)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsNoPayment(t *testing.T) {
	d := open(t, payment.Lifetime)
	id := uuid.NewString()
	for pointer, r := range map[string]*paymentsv1.AuthoriseRequest{
		"/order_id":      {OrderId: "1", Token: "tok_visa", Total: 600, Vat: 100},
		"/payment/token": {OrderId: id, Token: "tok_gold", Total: 600, Vat: 100},
		"/vat":           {OrderId: id, Token: "tok_visa", Total: 600},
	} {
		_, err := d.calls.Authorise(t.Context(), r)
		if f := fault.From(err); f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Pointer != pointer {
			t.Errorf("%s: got %v", pointer, err)
		}
	}
	if _, err := d.calls.Capture(t.Context(), &paymentsv1.CaptureRequest{}); !fault.Is(err, "invalid") {
		t.Errorf("capture of nothing: %v", err)
	}
	if got := d.call(uuid.MustParse(id), "tok_visa"); got != "yes" {
		t.Errorf("afterwards: %s", got)
	}
}

// atOnce makes calls about an order at once and returns what came of each.
func (d *desk) atOnce(order uuid.UUID, calls ...string) []string {
	got := make([]string, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		wg.Go(func() { got[i] = d.call(order, call) })
	}
	wg.Wait()
	return got
}

func TestManyAtOnceAreOne(t *testing.T) {
	d, order := open(t, payment.Lifetime), uuid.New()
	for _, step := range []struct{ call, want, told string }{
		{"tok_visa", "yes", "authorise"},
		{"capture", "yes", "authorise capture"},
		{"refund", "ok", "authorise capture refund"},
	} {
		for _, got := range d.atOnce(order, slices.Repeat([]string{step.call}, 20)...) {
			if got != step.want {
				t.Errorf("%s: got %s, want %s", step.call, got, step.want)
			}
		}
		if told := d.told(t, order); told != step.told {
			t.Errorf("after %s the processor was told %s", step.call, told)
		}
	}
	d.check(t)
}

// Taking and calling off race for a payment: one of the two wins, and everybody
// hears the same.
func TestTakingAndCallingOffRace(t *testing.T) {
	d := open(t, payment.Lifetime)
	for range 20 {
		order := uuid.New()
		d.call(order, "tok_visa")
		got := d.atOnce(order, "capture", "void", "capture", "void", "capture", "void")
		took := got[0] == "yes"
		for i, g := range got {
			want := map[bool][2]string{true: {"yes", "payment_captured"}, false: {off, "ok"}}[took][i%2]
			if g != want {
				t.Errorf("taken: %v; got %v", took, got)
				break
			}
		}
	}
	d.check(t)
}

// The processor takes two seconds for this card. Nothing is held meanwhile; and
// when the order is called off in that time, no money stays set aside.
func TestNothingWaitsForTheProcessor(t *testing.T) {
	d, order, other := open(t, payment.Lifetime), uuid.New(), uuid.New()
	before := d.db.Stat().AcquireCount()
	answers := make(chan []string, 1)
	go func() { answers <- d.atOnce(order, "tok_slow", "tok_slow") }()
	kept := make(chan string, 1)
	go func() { kept <- d.call(other, "tok_slow") }()
	for d.db.Stat().AcquireCount() < before+3 || d.db.Stat().AcquiredConns() > 0 { // until all have looked for an earlier answer
		time.Sleep(time.Millisecond)
	}
	var busy int
	err := d.db.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`).Scan(&busy)
	if err != nil || busy > 0 {
		t.Errorf("%d connections are busy, %v", busy, err)
	}
	if got := d.call(order, "void"); got != "ok" {
		t.Errorf("void: %s", got)
	}
	if got := <-answers; got[0] != off || got[1] != off {
		t.Errorf("what was called off: %v", got)
	}
	if got := <-kept; got != "yes" || d.told(t, other) != "authorise" {
		t.Errorf("what was not: %s", got)
	}
	d.check(t)
}

// Whatever goes wrong once a step is done, who asks again hears what was done.
func TestAnswersThatAreLost(t *testing.T) {
	board := faults.Enable()
	for _, kind := range []faults.Kind{faults.Error, faults.Duplicate} {
		d, order := open(t, payment.Lifetime), uuid.New()
		off := uuid.New()
		d.call(off, "tok_visa")
		for _, step := range []struct {
			point, call, want string
			order             uuid.UUID
		}{
			{"payments.authorise", "tok_visa", "yes", order},
			{"payments.capture", "capture", "yes", order},
			{"payments.refund", "refund", "ok", order},
			{"payments.void", "void", "ok", off},
		} {
			if err := board.Plant(step.point, kind, 0); err != nil {
				t.Fatal(err)
			}
			first, again := d.call(step.order, step.call), d.call(step.order, step.call)
			if kind == faults.Error && first != "unavailable" || kind == faults.Duplicate && first != step.want || again != step.want {
				t.Errorf("%s: got %s, then %s; want %s", step.point, first, again, step.want)
			}
		}
		if d.told(t, order) != "authorise capture refund" || d.told(t, off) != "authorise void" {
			t.Errorf("the processor was told %s, and %s", d.told(t, order), d.told(t, off))
		}
		d.check(t)
	}
}

// life is what may become of a payment, as the shop needs it: in which state a
// call is answered with what, and leads where.
var life = map[string]map[string][2]string{
	"": {
		"tok_visa": {"yes", "approved"}, "tok_declined": {declined, "declined"},
		"capture": {off, "voided"}, "void": {"ok", "voided"}, "refund": {"payment_not_captured", ""},
	},
	"approved": {
		"tok_visa": {"yes", "approved"}, "tok_declined": {"yes", "approved"},
		"capture": {"yes", "captured"}, "void": {"ok", "voided"}, "refund": {"payment_not_captured", "approved"},
	},
	"declined": {
		"tok_visa": {declined, "declined"}, "tok_declined": {declined, "declined"},
		"capture": {declined, "declined"}, "void": {"ok", "declined"}, "refund": {"payment_not_captured", "declined"},
	},
	"voided": {
		"tok_visa": {off, "voided"}, "tok_declined": {off, "voided"},
		"capture": {off, "voided"}, "void": {"ok", "voided"}, "refund": {"payment_not_captured", "voided"},
	},
	"captured": {
		"tok_visa": {"yes", "captured"}, "tok_declined": {"yes", "captured"},
		"capture": {"yes", "captured"}, "void": {"payment_captured", "captured"}, "refund": {"ok", "refunded"},
	},
	"refunded": {
		"tok_visa": {"yes", "refunded"}, "tok_declined": {"yes", "refunded"},
		"capture": {"yes", "refunded"}, "void": {"payment_captured", "refunded"}, "refund": {"ok", "refunded"},
	},
}

// However calls come, repeated and out of order and with answers lost, each is
// answered as life has it, and the books agree with the processor.
func TestCallsInAnyOrder(t *testing.T) {
	d, board := open(t, payment.Lifetime), faults.Enable()
	point := map[string]string{"capture": "payments.capture", "void": "payments.void", "refund": "payments.refund"}
	rapid.Check(t, func(r *rapid.T) {
		order, state := uuid.New(), ""
		for range rapid.IntRange(1, 8).Draw(r, "calls") {
			call := rapid.SampledFrom([]string{"tok_visa", "tok_declined", "capture", "void", "refund"}).Draw(r, "call")
			want := life[state][call]
			lost := point[call] != "" && rapid.IntRange(0, 3).Draw(r, "lost") == 0
			if lost {
				if err := board.Plant(point[call], faults.Error, 0); err != nil {
					r.Fatal(err)
				}
			}
			got := d.call(order, call)
			if lost && (want[0] == "payment_captured" || want[0] == "payment_not_captured") {
				lost = false // nothing was done: there was nothing to lose, and it is told
			}
			if lost && got != "unavailable" || !lost && got != want[0] {
				r.Fatalf("%s when %q: got %s, want %s", call, state, got, want[0])
			}
			state = want[1]
		}
		if state != "" {
			var status string
			err := d.db.QueryRow(context.Background(), `SELECT status FROM authorisations WHERE order_id = $1`, order).Scan(&status)
			if err != nil || status != state {
				r.Fatalf("it is %s, %v; want %s", status, err, state)
			}
		}
	})
	d.check(t)
}
