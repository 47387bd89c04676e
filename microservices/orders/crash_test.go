package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/internal/faults"
	"triptych/internal/waittest"
	"triptych/microservices/orders/saga"
	ordersv1 "triptych/proto/orders/v1"
)

// A story is what one order goes through, and how it ends.
type story struct {
	name  string
	token string
	want  int32 // of 10 that are there
	lapse bool  // the authorisation does, before it is captured
	heard []saga.Event
	ends  string
}

var stories = []story{
	{name: "taken", want: 3, heard: []saga.Event{saga.Approved, saga.Reserved, saga.Captured}, ends: "confirmed"},
	{name: "declined", want: 3, token: "tok_declined", heard: []saga.Event{saga.Declined}, ends: "rejected"},
	{name: "short", want: 11, heard: []saga.Event{saga.Approved, saga.Short, saga.Voided}, ends: "rejected"},
	{name: "lapsed", want: 3, lapse: true,
		heard: []saga.Event{saga.Approved, saga.Reserved, saga.Lapsed, saga.Released}, ends: "rejected"},
	{name: "cancelled", want: 3,
		heard: []saga.Event{saga.Approved, saga.Reserved, saga.Captured, saga.CancellingAsked, saga.Refunded, saga.Released}, ends: "cancelled"},
}

// steps are the steps of a story at which something is asked.
func (y story) steps() (steps []saga.Step) {
	at := saga.First
	for _, e := range y.heard {
		if !at.Rests() {
			steps = append(steps, at)
		}
		m, _ := saga.Moves.Next(at, e)
		at = m.To
	}
	return steps
}

// A telling is a story of a product of its own.
type telling struct {
	story
	sku string
}

// tell begins to tell a story.
func (s *shop) tell(y story) telling {
	sku := "TEA-" + strings.ToUpper(uuid.NewString()[:8])
	s.product(sku, 250, 10)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lapsing = y.lapse
	return telling{y, sku}
}

func (y telling) request() *ordersv1.PlaceOrderRequest {
	r := request(uuid.New(), y.sku, int(y.want))
	if y.token != "" {
		r.PaymentToken = y.token
	}
	return r
}

// check has the story be over, and well.
func (y telling) check(t *testing.T, s *shop, p *process, id string) {
	t.Helper()
	if o := p.settled(t, id); o.GetStatus() != y.ends {
		t.Errorf("the order ends %s, want %s", o.GetStatus(), y.ends)
	}
	left := int32(10)
	if y.ends == "confirmed" {
		left -= y.want
	}
	if n := s.left(y.sku); n != left {
		t.Errorf("%d are left, want %d", n, left)
	}
	s.checkBooks(t)
}

// A process dies after each step of each story: once the step was carried out
// but not written down, and once when it was. Another takes over from what there
// is in the database, and the end is the same.
func TestWhatADeadProcessLeftIsTakenOver(t *testing.T) {
	s := stopped(t)
	survivor := s.start(t)
	waittest.Beside(t, survivor.server.loop.run)
	for _, y := range stories {
		for n, step := range y.steps() {
			for _, written := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/written=%v", y.name, step, written), func(t *testing.T) {
					y := s.tell(y)
					id, j := y.until(t, s, n)
					a, err := s.server.loop.others.ask(t.Context(), j.row, j.order)
					if err == nil && written {
						_, _, err = s.server.loop.books.answered(t.Context(), j.row, a)
					}
					if err != nil {
						t.Fatal(err)
					}
					s.expire(t)
					survivor.server.loop.wakeUp()
					if y.ends == "cancelled" && n < 3 {
						survivor.cancel(t, id)
					}
					y.check(t, s, survivor, id)
				})
			}
		}
	}
}

// until goes through the first n steps of a story, without a loop, and returns
// what is to be done next.
func (y telling) until(t *testing.T, s *shop, n int) (id string, j job) {
	t.Helper()
	id = s.place(t, y.request())
	j = <-s.server.loop.work
	for range n {
		next, came, err := s.server.loop.advance(t.Context(), j)
		if err != nil || came != moved {
			t.Fatal(came, err)
		}
		if j.row = next; j.Step == saga.Confirmed {
			s.cancel(t, id)
			j = <-s.server.loop.work
		}
	}
	if j.Step != y.steps()[n] {
		t.Fatalf("the saga is at %s, want %s", j.Step, y.steps()[n])
	}
	return id, j
}

// cancel cancels an order once it is confirmed.
func (p *process) cancel(t *testing.T, id string) {
	t.Helper()
	p.settled(t, id)
	o, err := p.orders.CancelOrder(t.Context(), &ordersv1.OrderRequest{Id: id})
	if err != nil || o.GetStatus() != "cancelling" {
		t.Fatalf("cancelling: got %v, %v", o, err)
	}
}

// What a service did when it breaks down is unknown: it is asked again until it
// says, once it had not done it and once it had, and the story ends as without.
func TestWhatIsUnknownIsAskedAgain(t *testing.T) {
	s := open(t)
	for _, y := range stories {
		for _, step := range y.steps() {
			t.Run(y.name+"/"+string(step), func(t *testing.T) {
				y, method := s.tell(y), methods[step.Command()]
				before := s.called(method)
				s.plant(method, notDone, lost)
				id := s.place(t, y.request())
				if y.ends == "cancelled" {
					s.cancel(t, id)
				}
				y.check(t, s, s.process, id)
				if n := s.called(method) - before; n != 3 {
					t.Errorf("%s was called %d times, want 3: twice in vain", method, n)
				}
			})
		}
	}
}

var methods = map[saga.Command]string{
	saga.Authorise: "Authorise", saga.Reserve: "Reserve", saga.Capture: "Capture",
	saga.Void: "Void", saga.Release: "Release", saga.Refund: "Refund",
}

// The same here: whatever is done twice, or was done and is told as failed, is
// done once in the end. A test of all services together has processes die at
// these points.
func TestWhatIsDoneTwiceOrToldAsFailed(t *testing.T) {
	board := faults.Enable()
	s := open(t)
	for _, y := range stories {
		for _, point := range y.points() {
			for name, kind := range map[string]faults.Kind{"twice": faults.Duplicate, "told as failed": faults.Error} {
				t.Run(y.name+"/"+point+"/"+name, func(t *testing.T) {
					y, before := s.tell(y), board.Hits()[point]
					if err := board.Plant(point, kind, 0); err != nil {
						t.Fatal(err)
					}
					id := s.place(t, y.request())
					if y.ends == "cancelled" {
						s.cancel(t, id)
					}
					y.check(t, s, s.process, id)
					if board.Hits()[point] == before {
						t.Errorf("%s was not reached", point)
					}
				})
			}
		}
	}
}

// points are the points that a story passes, but those of requests.
func (y story) points() (names []string) {
	for _, step := range y.steps() {
		names = append(names, "orders."+string(step.Command()))
	}
	for _, e := range y.heard {
		if e != saga.CancellingAsked {
			names = append(names, "orders."+string(e))
		}
	}
	return names
}

// A refusal that the table does not expect is no answer either: it is asked
// again, slowly, and the order ends when it is not refused any more.
func TestARefusalIsAskedAgainSlowly(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	s.plant("Reserve", trouble{before: fault.New(fault.Conflict, "out_of_order", "a bug")})
	id := s.place(t, request(uuid.New(), "TEA", 1))
	var pause float64
	waittest.Until(t, "it is asked again", func() bool {
		err := s.db.QueryRow(t.Context(), `
			SELECT max(extract(epoch FROM due_at - now())) FROM sagas WHERE step = 'reserving' AND attempts = 1`).Scan(&pause)
		return err == nil
	})
	if pause < 4 || pause > 5.1 { // it may have been written since it was asked
		t.Errorf("it is due in %.1f s, want about 5", pause)
	}
	s.expire(t)
	s.server.loop.wakeUp()
	if o := s.settled(t, id); o.GetStatus() != "confirmed" {
		t.Errorf("got %v", o)
	}
	s.checkBooks(t)
}
