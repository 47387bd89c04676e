package main

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/domain/order"
	ordersv1 "triptych/proto/orders/v1"
)

func TestAnOrderTakesStockAndPayment(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 20)
	s.product("MUG", 899, 5)
	placed, err := s.orders.PlaceOrder(t.Context(), request(uuid.New(), "TEA", 10, "MUG", 1))
	if err != nil {
		t.Fatal(err)
	}
	if o := placed.GetOrder(); o.GetStatus() != "pending" || o.GetSettledAt() != nil || placed.GetReplayed() {
		t.Errorf("placed: %v", placed)
	}
	o := s.settled(t, placed.GetOrder().GetId())
	// 10 × 250 less a tenth, 1 × 899, and shipping, as it is below £50.
	if o.GetStatus() != "confirmed" || o.GetTotal() != 2250+899+395 || o.GetDiscount() != 250 || o.GetSettledAt() == nil {
		t.Errorf("got %v", o)
	}
	if tea, mug := s.left("TEA"), s.left("MUG"); tea != 10 || mug != 4 {
		t.Errorf("on hand: %d of TEA, %d of MUG; want 10 and 4", tea, mug)
	}
	s.checkBooks(t)
}

func TestAnOrderThatCannotBeFulfilledTakesNothing(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 20)
	s.product("MUG", 899, 1)
	declined := request(uuid.New(), "TEA", 1)
	declined.PaymentToken = "tok_declined"
	for _, c := range []struct {
		request *ordersv1.PlaceOrderRequest
		want    order.Reason
	}{
		{declined, order.Reason{Code: "payment_declined", Detail: "the card was declined"}},
		{request(uuid.New(), "TEA", 2, "MUG", 2), order.OutOfStock("MUG")},
	} {
		o := s.buy(t, c.request)
		if got := (order.Reason{Code: o.GetReason().GetCode(), Detail: o.GetReason().GetDetail(), SKU: o.GetReason().GetSku()}); o.GetStatus() != "rejected" || got != c.want {
			t.Errorf("got %s because of %+v, want rejected because of %+v", o.GetStatus(), got, c.want)
		}
	}
	if tea, mug := s.left("TEA"), s.left("MUG"); tea != 20 || mug != 1 {
		t.Errorf("on hand: %d of TEA, %d of MUG; want 20 and 1", tea, mug)
	}
	s.checkBooks(t)
}

func TestAnAuthorisationThatLapsedGivesTheStockBack(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 20)
	s.lapsing = true
	id := s.place(t, request(uuid.New(), "TEA", 3))
	if o := s.settled(t, id); o.GetStatus() != "rejected" || o.GetReason().GetDetail() != "the authorisation has lapsed" {
		t.Errorf("got %v", o)
	}
	if s.called("Release") != 1 || s.left("TEA") != 20 {
		t.Errorf("released %d times, %d on hand", s.called("Release"), s.left("TEA"))
	}
	s.checkBooks(t)
}

func TestWhatIsNotAnOrderIsRefused(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 20)
	token := request(uuid.New(), "TEA", 1)
	token.PaymentToken = "tok_of_another"
	nobody := request(uuid.New(), "TEA", 1)
	nobody.AccountId = "ada"
	for code, r := range map[string]*ordersv1.PlaceOrderRequest{
		"unknown_product": request(uuid.New(), "TEA", 1, "COFFEE", 1),
		"invalid":         request(uuid.New(), "TEA", 100),
	} {
		if _, err := s.orders.PlaceOrder(t.Context(), r); !fault.Is(err, code) {
			t.Errorf("got %v, want %s", err, code)
		}
	}
	for what, r := range map[string]*ordersv1.PlaceOrderRequest{"an account": nobody, "a token": token, "a cart": request(uuid.New())} {
		if _, err := s.orders.PlaceOrder(t.Context(), r); !fault.Is(err, "invalid") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if n := s.called("Authorise"); n != 0 {
		t.Errorf("%d payments were authorised", n)
	}
	s.checkBooks(t)
}

func TestOneKeyMakesOneOrder(t *testing.T) {
	s := open(t)
	other := s.start(t) // on the same database, where no turn in memory helps
	s.product("TEA", 250, 1000)
	ada := uuid.New()
	r := request(ada, "TEA", 1)
	var mu sync.Mutex
	ids, firsts := map[string]int{}, 0
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			p := []*process{s.process, other}[i%2]
			placed, err := p.orders.PlaceOrder(t.Context(), r)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[placed.GetOrder().GetId()]++
			if !placed.GetReplayed() {
				firsts++
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 || firsts != 1 {
		t.Errorf("%d orders of one key, of which %d were the first", len(ids), firsts)
	}
	for id := range ids {
		s.settled(t, id)
	}
	if n := s.left("TEA"); n != 999 {
		t.Errorf("%d on hand, want 999", n)
	}
	r.Fingerprint = []byte{2}
	if _, err := s.orders.PlaceOrder(t.Context(), r); !fault.Is(err, "idempotency_key_reused") {
		t.Errorf("another request under the same key: got %v", err)
	}
	r.AccountId = uuid.NewString()
	if o := s.buy(t, r); o.GetStatus() != "confirmed" {
		t.Errorf("another account's same key: got %v", o)
	}
	s.checkBooks(t)
}

// While the processor thinks about one order, others of the same product are
// taken, and no transaction is open.
func TestASlowPaymentHoldsUpNobody(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 20)
	thinking := make(chan struct{})
	s.plant("Authorise", trouble{hang: thinking})
	slow := s.place(t, request(uuid.New(), "TEA", 1))
	s.awaitCall(t, "Authorise", 1)
	for range 3 {
		if o := s.buy(t, request(uuid.New(), "TEA", 1)); o.GetStatus() != "confirmed" {
			t.Errorf("meanwhile: got %v", o)
		}
	}
	var open int
	err := s.db.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`).Scan(&open)
	if err != nil || open > 0 {
		t.Errorf("%d transactions are open (%v)", open, err)
	}
	o, err := s.orders.GetOrder(t.Context(), &ordersv1.OrderRequest{Id: slow})
	if err != nil || o.GetStatus() != "pending" {
		t.Errorf("the slow one: got %v, %v", o, err)
	}
	close(thinking)
	if o := s.settled(t, slow); o.GetStatus() != "confirmed" {
		t.Errorf("the slow one: got %v", o)
	}
	s.checkBooks(t)
}
