package main

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"triptych/domain/fault"
	ordersv1 "triptych/proto/orders/v1"
)

func pending() *ordersv1.Order {
	return &ordersv1.Order{Id: uuid.NewString(), AccountId: uuid.NewString(), Status: "pending"}
}

// settled is a later state of an order.
func settled(o *ordersv1.Order) *ordersv1.Order {
	return &ordersv1.Order{Id: o.Id, AccountId: o.AccountId, Status: "confirmed"}
}

func (a answer) order(t *testing.T, status int, want string) {
	t.Helper()
	var o struct{ Status string }
	a.decode(t, &o)
	if a.StatusCode != status || o.Status != want {
		t.Errorf("got %d %s, want %d and an order that is %s", a.StatusCode, a.body, status, want)
	}
}

// What may happen while an order is waited for, and what the client hears.
func TestPlaceOrderWaits(t *testing.T) {
	unasked := func(*ordersv1.OrderRequest) (*ordersv1.Order, error) { return nil, errors.New("nobody should ask") }
	later := func(o *ordersv1.Order) func(*ordersv1.OrderRequest) (*ordersv1.Order, error) {
		return func(*ordersv1.OrderRequest) (*ordersv1.Order, error) { return settled(o), nil }
	}
	type stream = grpc.ServerStreamingServer[ordersv1.Order]
	o := pending()
	for _, c := range []struct {
		name   string
		watch  func(stream) error
		get    func(*ordersv1.OrderRequest) (*ordersv1.Order, error)
		status int
		want   string
	}{
		{"it settles", func(s stream) error { return errors.Join(s.Send(o), s.Send(settled(o))) }, unasked, 201, "confirmed"},
		{"it is settled already", func(s stream) error { return s.Send(settled(o)) }, unasked, 201, "confirmed"},
		{"the stream breaks", func(s stream) error { return errors.Join(s.Send(o), down()) }, later(o), 201, "confirmed"},
		{"there is no stream", func(stream) error { return down() }, later(o), 201, "confirmed"},
		{"the service ends", func(s stream) error { return s.Send(o) }, unasked, 202, "pending"},
		{"the service is gone", func(stream) error { return down() }, func(*ordersv1.OrderRequest) (*ordersv1.Order, error) { return nil, down() }, 202, "pending"},
		{"the service is broken", func(stream) error { return errors.New("secret") }, unasked, 202, "pending"},
		{"time is over", func(s stream) error {
			err := s.Send(o)
			<-s.Context().Done()
			return err
		}, later(o), 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t)
			f.orders.place = func(*ordersv1.PlaceOrderRequest) (*ordersv1.PlaceOrderResponse, error) {
				return &ordersv1.PlaceOrderResponse{Order: o}, nil
			}
			f.orders.watch = func(r *ordersv1.OrderRequest, s stream) error {
				if r.Id != o.Id || r.AccountId != f.ada.Account.String() {
					t.Errorf("watched is %v", r)
				}
				return c.watch(s)
			}
			f.orders.get = c.get
			if c.status == 0 {
				began := time.Now()
				if a := f.place(t, "Prefer", "wait=1"); a.StatusCode != 201 && a.StatusCode != 202 || time.Since(began) > 2*time.Second {
					t.Errorf("got %d %s after %v", a.StatusCode, a.body, time.Since(began))
				}
				return
			}
			f.place(t, "Prefer", "wait=20").order(t, c.status, c.want)
		})
	}
}

func TestPlaceOrderDoesNotWait(t *testing.T) {
	f := open(t)
	f.orders.watch = func(*ordersv1.OrderRequest, grpc.ServerStreamingServer[ordersv1.Order]) error {
		t.Error("watched, and nobody wished to wait")
		return nil
	}
	o := pending()
	f.orders.place = func(r *ordersv1.PlaceOrderRequest) (*ordersv1.PlaceOrderResponse, error) {
		if r.AccountId != f.ada.Account.String() || r.Key != "k1" || len(r.Fingerprint) != 32 || r.PaymentToken != "tok_visa" || len(r.Items) != 1 {
			t.Errorf("asked for %v", r)
		}
		return &ordersv1.PlaceOrderResponse{Order: o, Replayed: true}, nil
	}
	a := f.place(t)
	a.order(t, http.StatusAccepted, "pending")
	if a.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("not told that it was replayed")
	}
	o = settled(o)
	f.place(t, "Prefer", "wait=20").order(t, http.StatusCreated, "confirmed") // nothing to wait for
}

func TestAnOrderIsWaitedFor(t *testing.T) {
	f := open(t)
	o := pending()
	f.orders.watch = func(_ *ordersv1.OrderRequest, s grpc.ServerStreamingServer[ordersv1.Order]) error {
		return errors.Join(s.Send(o), s.Send(settled(o)))
	}
	f.get(t, f.customer, "/v1/orders/"+o.Id, "Prefer", "wait=20").order(t, http.StatusOK, "confirmed")
	gone := fault.New(fault.NotFound, "not_found", "there is no such order")
	f.orders.watch = func(*ordersv1.OrderRequest, grpc.ServerStreamingServer[ordersv1.Order]) error { return gone }
	f.orders.get = func(*ordersv1.OrderRequest) (*ordersv1.Order, error) { return nil, gone }
	f.get(t, f.customer, "/v1/orders/"+o.Id, "Prefer", "wait=20").refused(t, http.StatusNotFound, "not_found")
}

// A customer's calls name their account, a manager's none.
func TestWhoseOrders(t *testing.T) {
	f := open(t)
	var account string
	f.orders.get = func(r *ordersv1.OrderRequest) (*ordersv1.Order, error) { account = r.AccountId; return pending(), nil }
	f.orders.cancel = f.orders.get
	f.orders.list = func(r *ordersv1.ListOrdersRequest) (*ordersv1.OrderList, error) {
		account = r.AccountId
		return &ordersv1.OrderList{}, nil
	}
	path := "/v1/orders/" + uuid.NewString()
	for _, c := range []struct{ method, path string }{{"GET", path}, {"POST", path + "/cancel"}, {"GET", "/v1/orders"}} {
		for token, want := range map[string]string{f.customer: f.ada.Account.String(), f.manager: ""} {
			account = "not asked"
			if f.ask(t, token, c.method, c.path, nil); account != want {
				t.Errorf("%s %s: got the account %q, want %q", c.method, c.path, account, want)
			}
		}
	}
}

func TestAnOrderThatIsCancelling(t *testing.T) {
	f := open(t)
	o := pending()
	o.Status = "cancelling"
	f.orders.cancel = func(*ordersv1.OrderRequest) (*ordersv1.Order, error) { return o, nil }
	f.ask(t, f.customer, http.MethodPost, "/v1/orders/"+o.Id+"/cancel", nil).order(t, http.StatusAccepted, "cancelling")
	o.Status = "cancelled"
	f.ask(t, f.customer, http.MethodPost, "/v1/orders/"+o.Id+"/cancel", nil).order(t, http.StatusOK, "cancelled")
}

func TestACursorThatIsNone(t *testing.T) {
	f := open(t)
	f.get(t, f.customer, "/v1/orders?cursor=VEVB").refused(t, http.StatusBadRequest, "bad_parameter")
}
