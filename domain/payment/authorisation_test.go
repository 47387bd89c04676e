package payment

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"triptych/domain/fault"
	"triptych/domain/money"
)

var (
	noon   = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	bought = uuid.MustParse("0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e")
)

func TestWhatADecisionMakesOfAPayment(t *testing.T) {
	got := Decision{Approved: true}.Authorisation(bought, 3544, 591, noon, Lifetime)
	want := Authorisation{Order: bought, Status: Approved, Total: 3544, VAT: 591, Expires: noon.AddDate(0, 0, 7)}
	if diff := cmp.Diff(want, got); diff != "" || !got.Good() {
		t.Errorf("approved (-want +got):\n%s", diff)
	}
	got = Decision{Detail: "the card was declined"}.Authorisation(bought, 3544, 591, noon, Lifetime)
	if got.Status != Refused || got.Detail != "the card was declined" || got.Good() {
		t.Errorf("declined: got %+v", got)
	}
	if got := Unwanted(bought); got.Status != Voided || got.Good() || got.Total != 0 {
		t.Errorf("unwanted: got %+v", got)
	}
}

// everyPayment is one of each status.
func everyPayment() map[Status]Authorisation {
	all := map[Status]Authorisation{}
	for s, detail := range map[Status]string{Approved: "", Captured: "", Refunded: "", Refused: "the card was declined", Lapsed: lapsed, Voided: voided} {
		all[s] = Authorisation{Order: bought, Status: s, Detail: detail, Total: 3544, VAT: 591, Expires: noon}
	}
	return all
}

func TestWhatBecomesOfAPayment(t *testing.T) {
	in := func(d time.Duration) func(*Authorisation) error {
		return func(a *Authorisation) error { a.Capture(noon.Add(d)); return nil }
	}
	for name, c := range map[string]struct {
		do   func(*Authorisation) error
		to   map[Status]Status // where it does not stay as it is
		code map[Status]string
	}{
		"capture":          {in(-1), map[Status]Status{Approved: Captured}, nil},
		"capture too late": {in(0), map[Status]Status{Approved: Lapsed}, nil},
		"void": {(*Authorisation).Void, map[Status]Status{Approved: Voided},
			map[Status]string{Captured: "payment_captured", Refunded: "payment_captured"}},
		"refund": {(*Authorisation).Refund, map[Status]Status{Captured: Refunded}, map[Status]string{
			Approved: "payment_not_captured", Refused: "payment_not_captured",
			Lapsed: "payment_not_captured", Voided: "payment_not_captured",
		}},
	} {
		for from, a := range everyPayment() {
			before := a
			err := c.do(&a)
			want, moves := c.to[from]
			if !moves {
				want = from
			}
			if code := c.code[from]; (err != nil) != (code != "") || err != nil && !fault.Is(err, code) {
				t.Errorf("%s when %s: %v, want %q", name, from, err, code)
			}
			if a.Status != want || !moves && a != before || a.Good() != (want == Approved || want == Captured || want == Refunded) {
				t.Errorf("%s when %s: got %+v, want it %s", name, from, a, want)
			}
		}
	}
}

func TestWhichStatusMovesMoney(t *testing.T) {
	for s, a := range everyPayment() {
		j, ok := a.Journal()
		if ok != (s == Captured || s == Refunded) || ok && j.Order != bought {
			t.Errorf("%s: %v, %+v", s, ok, j)
		}
	}
}

// Whatever is done to a payment, and whenever: what was taken is what is not
// given back, and nothing happens twice.
func TestMoneyIsTakenAndGivenBackOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]Decision{{Approved: true}, {Detail: "the card was declined"}}).Draw(t, "decision")
		a := d.Authorisation(bought, 3544, 591, noon, time.Minute)
		books := map[Ledger]money.Amount{}
		keys := map[string]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			was := a.Status
			switch rapid.SampledFrom([]string{"capture", "late", "void", "refund"}).Draw(t, "step") {
			case "capture":
				a.Capture(noon)
			case "late":
				a.Capture(noon.Add(time.Minute))
			case "void":
				_ = a.Void()
			case "refund":
				_ = a.Refund()
			}
			j, moves := a.Journal()
			if !moves || a.Status == was {
				continue
			}
			if keys[j.Key] {
				t.Fatalf("%s is booked twice", j.Key)
			}
			keys[j.Key] = true
			for l, amount := range add(j) {
				books[l] += amount
			}
		}
		if owed := books[CardReceivable]; (owed == 3544) != (a.Status == Captured) || owed != 3544 && owed != 0 {
			t.Fatalf("a payment is %s and the processor owes %v", a.Status, owed)
		}
	})
}
