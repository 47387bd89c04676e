package main

import (
	"sync"
	"testing"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/internal/waittest"
	ordersv1 "triptych/proto/orders/v1"
)

func TestACancelledOrderGivesBackOnce(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	o := s.buy(t, request(uuid.New(), "TEA", 3))
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			o, err := s.orders.CancelOrder(t.Context(), &ordersv1.OrderRequest{Id: o.GetId(), AccountId: o.GetAccountId()})
			if err != nil || o.GetStatus() != "cancelling" && o.GetStatus() != "cancelled" {
				t.Errorf("got %v, %v", o, err)
			}
		})
	}
	wg.Wait()
	if o := s.settled(t, o.GetId()); o.GetStatus() != "cancelled" || len(o.GetHistory()) != 4 {
		t.Errorf("got %v", o)
	}
	if n := s.left("TEA"); n != 10 {
		t.Errorf("%d on hand, want 10", n)
	}
	if _, err := s.orders.ShipOrder(t.Context(), &ordersv1.OrderRequest{Id: o.GetId()}); !fault.Is(err, "order_rejected") {
		t.Errorf("shipping it: got %v, want order_rejected", err)
	}
	s.checkBooks(t)
}

func TestAShippedOrderStaysShipped(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	o := s.buy(t, request(uuid.New(), "TEA", 3))
	for range 2 {
		shipped, err := s.orders.ShipOrder(t.Context(), &ordersv1.OrderRequest{Id: o.GetId()})
		if err != nil || shipped.GetStatus() != "shipped" || len(shipped.GetHistory()) != 3 {
			t.Errorf("got %v, %v", shipped, err)
		}
	}
	if _, err := s.orders.CancelOrder(t.Context(), &ordersv1.OrderRequest{Id: o.GetId()}); !fault.Is(err, "order_shipped") {
		t.Errorf("cancelling it: got %v, want order_shipped", err)
	}
	s.checkBooks(t)
}

func TestAnOrderThatIsPendingOrAnothersIsLeftAlone(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	thinking := make(chan struct{})
	s.plant("Authorise", trouble{hang: thinking})
	ada := uuid.New()
	id := s.place(t, request(ada, "TEA", 3))
	mine := &ordersv1.OrderRequest{Id: id, AccountId: ada.String()}
	if _, err := s.orders.CancelOrder(t.Context(), mine); !fault.Is(err, "order_pending") {
		t.Errorf("cancelling: got %v, want order_pending", err)
	}
	if _, err := s.orders.ShipOrder(t.Context(), mine); !fault.Is(err, "order_pending") {
		t.Errorf("shipping: got %v, want order_pending", err)
	}
	close(thinking)
	s.settled(t, id)
	for what, r := range map[string]*ordersv1.OrderRequest{
		"another's": {Id: id, AccountId: uuid.NewString()},
		"none":      {Id: uuid.NewString(), AccountId: ada.String()},
	} {
		if _, err := s.orders.CancelOrder(t.Context(), r); !fault.Is(err, "not_found") {
			t.Errorf("%s, cancelled: got %v", what, err)
		}
		if _, err := s.orders.GetOrder(t.Context(), r); !fault.Is(err, "not_found") {
			t.Errorf("%s, read: got %v", what, err)
		}
		stream, err := s.orders.WatchOrder(t.Context(), r)
		if err == nil {
			_, err = stream.Recv()
		}
		if !fault.Is(err, "not_found") {
			t.Errorf("%s, watched: got %v", what, err)
		}
	}
	if o, err := s.orders.GetOrder(t.Context(), mine); err != nil || o.GetStatus() != "confirmed" {
		t.Errorf("got %v, %v", o, err)
	}
	s.checkBooks(t)
}

// Of one who cancels and one who ships, in two processes, one wins, and the
// other hears why not.
func TestShippingAndCancellingRace(t *testing.T) {
	s := open(t)
	other := s.start(t)
	waittest.Beside(t, other.server.loop.run)
	s.product("TEA", 250, 1000)
	for n := range 40 {
		o := s.buy(t, request(uuid.New(), "TEA", 1))
		r := &ordersv1.OrderRequest{Id: o.GetId()}
		var cancelled, shipped error
		var wg sync.WaitGroup
		ship := func() { _, shipped = s.orders.ShipOrder(t.Context(), r) }
		cancel := func() { _, cancelled = other.orders.CancelOrder(t.Context(), r) }
		if n%2 == 0 {
			ship, cancel = cancel, ship
		}
		wg.Go(ship)
		wg.Go(cancel)
		wg.Wait()
		switch o := s.settled(t, o.GetId()); {
		case o.GetStatus() == "shipped" && shipped == nil && fault.Is(cancelled, "order_shipped"):
		case o.GetStatus() == "cancelled" && cancelled == nil && fault.Is(shipped, "order_rejected"):
		default:
			t.Errorf("the order is %s; cancelling: %v, shipping: %v", o.GetStatus(), cancelled, shipped)
		}
	}
	s.checkBooks(t)
}
