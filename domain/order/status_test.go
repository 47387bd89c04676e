package order

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"triptych/domain/fault"
)

// The moves that orders may make, once more and in another form: a row a
// status, and where it may go.
var moves = map[Status]string{
	Pending:    "confirmed rejected",
	Confirmed:  "shipped cancelling cancelled",
	Rejected:   "",
	Shipped:    "",
	Cancelling: "cancelled",
	Cancelled:  "",
}

func TestMoves(t *testing.T) {
	if len(moves) != len(Statuses) {
		t.Fatalf("there are %d statuses, the test knows %d", len(Statuses), len(moves))
	}
	for _, from := range Statuses {
		var allowed []string
		for _, to := range Statuses {
			if from.May(to) {
				allowed = append(allowed, string(to))
			}
		}
		if got, want := strings.Join(allowed, " "), moves[from]; got != want {
			t.Errorf("from %s: may go to %q, want %q", from, got, want)
		}
	}
}

func TestWhatIsSettled(t *testing.T) {
	for s, want := range map[Status]bool{Pending: false, Confirmed: true, Rejected: true, Shipped: true, Cancelling: false, Cancelled: true} {
		if s.Settled() != want {
			t.Errorf("%s is settled: %v", s, s.Settled())
		}
	}
}

func TestOnlyTheStatusesAreValid(t *testing.T) {
	for _, s := range []Status{"", "lost", "Confirmed", "confirmed "} {
		if s.Valid() {
			t.Errorf("%q is a status", s)
		}
	}
	for _, s := range Statuses {
		if !s.Valid() {
			t.Errorf("%q is none", s)
		}
	}
}

func TestAMoveThatIsNotAllowedIsNamedAfterWhatForbidsIt(t *testing.T) {
	for _, from := range Statuses {
		for _, to := range Statuses {
			if from == to || from.May(to) {
				continue
			}
			o := Order{ID: uuid.New(), Status: from}
			if f := fault.From(o.To(to, noon)); f.Kind != fault.Conflict || f.Code != conflict[from] || f.Code == "" {
				t.Errorf("%s to %s: got %+v", from, to, f)
			}
		}
	}
}

// However an order is pushed about, what it tells of itself stays true.
func TestAnOrderIsMovedAboutAtRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Order{ID: uuid.New(), Status: Pending, PlacedAt: noon, History: []Change{{Pending, noon}}}
		at := noon
		for range rapid.IntRange(1, 20).Draw(t, "moves") {
			at = at.Add(time.Second)
			before := o
			to := rapid.SampledFrom(Statuses).Draw(t, "to")
			err := push(&o, to, at)
			switch {
			case before.Status == to || !before.Status.May(to):
				if diff := cmp.Diff(before, o); diff != "" {
					t.Fatalf("%s to %s changed the order:\n%s", before.Status, to, diff)
				}
				if (err == nil) != (before.Status == to) {
					t.Fatalf("%s to %s: %v", before.Status, to, err)
				}
			case err != nil:
				t.Fatalf("%s to %s: %v", before.Status, to, err)
			}
			check(t, o)
		}
	})
}

// push moves an order as the program does: rejecting it takes a reason, which
// tells one rejection from another.
func push(o *Order, to Status, at time.Time) error {
	if to == Rejected {
		return o.Reject(Reason{Code: "out_of_stock", Detail: at.String()}, at)
	}
	return o.To(to, at)
}

func check(t *rapid.T, o Order) {
	t.Helper()
	last := o.History[len(o.History)-1]
	if o.History[0] != (Change{Pending, noon}) || last.Status != o.Status {
		t.Fatalf("the history of a %s order is %v", o.Status, o.History)
	}
	for i := 1; i < len(o.History); i++ {
		from, to := o.History[i-1], o.History[i]
		if !from.Status.May(to.Status) || !to.At.After(from.At) {
			t.Fatalf("the history holds %v after %v", to, from)
		}
	}
	if (o.Reason != nil) != (o.Status == Rejected) {
		t.Fatalf("a %s order has the reason %v", o.Status, o.Reason)
	}
	if len(o.History) == 1 && !o.SettledAt.IsZero() || len(o.History) > 1 && o.SettledAt != o.History[1].At {
		t.Fatalf("settled at %v, but the history is %v", o.SettledAt, o.History)
	}
}
