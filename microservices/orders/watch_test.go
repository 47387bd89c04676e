package main

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"triptych/domain/fault"
	ordersv1 "triptych/proto/orders/v1"
)

func statuses(seen []*ordersv1.Order) (s []string) {
	for _, o := range seen {
		s = append(s, o.GetStatus())
	}
	return s
}

// Who watches an order sees it as it is, and when it is settled; through the
// process that moves it, and through another.
func TestWatchersSeeWhatBecomesOfAnOrder(t *testing.T) {
	s := open(t)
	other := s.start(t)
	s.product("TEA", 250, 10)
	for name, p := range map[string]*process{"the same process": s.process, "another process": other} {
		thinking := make(chan struct{})
		s.plant("Authorise", trouble{hang: thinking})
		id := s.place(t, request(uuid.New(), "TEA", 1))
		stream, err := p.orders.WatchOrder(t.Context(), &ordersv1.OrderRequest{Id: id})
		if err != nil {
			t.Fatal(err)
		}
		if o, err := stream.Recv(); err != nil || o.GetStatus() != "pending" {
			t.Errorf("%s: got %v, %v", name, o, err)
		}
		close(thinking)
		if o, err := stream.Recv(); err != nil || o.GetStatus() != "confirmed" {
			t.Errorf("%s: got %v, %v", name, o, err)
		}
		if got := statuses(p.watch(t, id)); !slices.Equal(got, []string{"confirmed"}) {
			t.Errorf("%s shows a settled order as %v", name, got)
		}

		refunding := make(chan struct{})
		s.plant("Refund", trouble{hang: refunding})
		s.cancel(t, id)
		go func() {
			s.awaitCall(t, "Refund", 1)
			close(refunding)
		}()
		if got := statuses(p.watch(t, id)); !slices.Equal(got, []string{"cancelling", "cancelled"}) && !slices.Equal(got, []string{"cancelled"}) {
			t.Errorf("%s shows a cancelled order as %v", name, got)
		}
	}
	s.checkBooks(t)
}

func TestOrdersAreListedNewestFirst(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	ada, bob := uuid.New(), uuid.New()
	declined := request(ada, "TEA", 1)
	declined.PaymentToken = "tok_declined"
	a, b, c, d := s.buy(t, request(ada, "TEA", 1)), s.buy(t, request(bob, "TEA", 1)), s.buy(t, declined), s.buy(t, request(ada, "TEA", 2))
	for _, l := range []struct {
		request *ordersv1.ListOrdersRequest
		want    []*ordersv1.Order
	}{
		{&ordersv1.ListOrdersRequest{Limit: 10}, []*ordersv1.Order{d, c, b, a}},
		{&ordersv1.ListOrdersRequest{Limit: 2}, []*ordersv1.Order{d, c}},
		{&ordersv1.ListOrdersRequest{Limit: 2, After: c.GetId()}, []*ordersv1.Order{b, a}},
		{&ordersv1.ListOrdersRequest{Limit: 10, AccountId: ada.String()}, []*ordersv1.Order{d, c, a}},
		{&ordersv1.ListOrdersRequest{Limit: 10, AccountId: ada.String(), Status: "rejected"}, []*ordersv1.Order{c}},
		{&ordersv1.ListOrdersRequest{Limit: 10, AccountId: uuid.NewString()}, nil},
	} {
		got, err := s.orders.ListOrders(t.Context(), l.request)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got.GetOrders(), l.want, func(a, b *ordersv1.Order) bool { return a.GetId() == b.GetId() }) {
			t.Errorf("%v: got %v", l.request, got)
		}
	}
	if _, err := s.orders.ListOrders(t.Context(), &ordersv1.ListOrdersRequest{Limit: 10, After: "yesterday"}); !fault.Is(err, "invalid") {
		t.Errorf("after what is no id: got %v", err)
	}
	if _, err := s.orders.ListOrders(t.Context(), &ordersv1.ListOrdersRequest{}); !fault.Is(err, "invalid") {
		t.Errorf("without a limit: got %v", err)
	}
}
