package main

import (
	"context"
	"errors"
	"slices"
	"sync"

	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/domain/fault"
	cataloguev1 "triptych/proto/catalogue/v1"
	paymentsv1 "triptych/proto/payments/v1"
	stockv1 "triptych/proto/stock/v1"
)

// neighbours are the services around this one, in memory, and as their .proto
// files promise them to be: small, but right.
type neighbours struct {
	cataloguev1.UnimplementedCatalogueServer
	paymentsv1.UnimplementedPaymentsServer
	stockv1.UnimplementedStockServer

	mu       sync.Mutex
	prices   map[string]int64
	onHand   map[string]int32
	reserved map[string][]*stockv1.Line // by order; nil once released
	paid     map[string]string          // by order: authorised, declined, captured, voided, refunded or lapsed
	lapsing  bool                       // no authorisation lasts until it is captured
	moves    map[string]int             // captures less refunds, by order
	troubles map[string][]trouble       // by method, each to be met once
	calls    []string                   // methods, in the order they were called
}

// A trouble is what goes wrong with one call.
type trouble struct {
	before error         // it is not done, and this is answered
	after  error         // it is done, and this is answered
	hang   chan struct{} // it is done when this is closed
}

// errLost is answered when a service breaks down: nobody knows what it did.
var errLost = errors.New("the service broke down")

var (
	notDone = trouble{before: errLost}
	lost    = trouble{after: errLost}
)

func newNeighbours() *neighbours {
	return &neighbours{
		prices: map[string]int64{}, onHand: map[string]int32{}, reserved: map[string][]*stockv1.Line{},
		paid: map[string]string{}, moves: map[string]int{}, troubles: map[string][]trouble{},
	}
}

// plant has things go wrong with the next calls of a method, one after the other.
func (n *neighbours) plant(method string, t ...trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.troubles[method] = append(n.troubles[method], t...)
}

// call does what a method does, with what goes wrong.
func (n *neighbours) call(ctx context.Context, method string, do func() error) error {
	n.mu.Lock()
	var t trouble
	if waiting := n.troubles[method]; len(waiting) > 0 {
		t, n.troubles[method] = waiting[0], waiting[1:]
	}
	n.calls = append(n.calls, method)
	n.mu.Unlock()
	if t.hang != nil {
		select {
		case <-t.hang:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if t.before != nil {
		return t.before
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	return t.after
}

// called returns how often a method was called.
func (n *neighbours) called(method string) (times int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.calls {
		if m == method {
			times++
		}
	}
	return times
}

func (n *neighbours) GetProducts(ctx context.Context, in *cataloguev1.GetProductsRequest) (*cataloguev1.Products, error) {
	out := &cataloguev1.Products{}
	err := n.call(ctx, "GetProducts", func() error {
		for _, sku := range in.GetSkus() {
			if price, ok := n.prices[sku]; ok {
				out.Products = append(out.Products, &cataloguev1.Product{Sku: sku, Name: "Product " + sku, Category: "Test", Price: price})
			}
		}
		return nil
	})
	return out, err
}

func (n *neighbours) Reserve(ctx context.Context, in *stockv1.ReserveRequest) (*stockv1.ReserveResponse, error) {
	out := &stockv1.ReserveResponse{}
	err := n.call(ctx, "Reserve", func() error {
		lines, before := n.reserved[in.GetOrderId()]
		switch {
		case before && lines == nil:
			return fault.New(fault.Conflict, "reservation_released", "it was released")
		case before:
			return nil
		}
		for _, l := range in.GetLines() {
			if n.onHand[l.GetSku()] < l.GetQuantity() {
				out.ShortSku = l.GetSku()
				return nil
			}
		}
		for _, l := range in.GetLines() {
			n.onHand[l.GetSku()] -= l.GetQuantity()
		}
		n.reserved[in.GetOrderId()] = in.GetLines()
		return nil
	})
	return out, err
}

func (n *neighbours) Release(ctx context.Context, in *stockv1.ReleaseRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, n.call(ctx, "Release", func() error {
		for _, l := range n.reserved[in.GetOrderId()] {
			n.onHand[l.GetSku()] += l.GetQuantity()
		}
		n.reserved[in.GetOrderId()] = nil
		return nil
	})
}

func (n *neighbours) Authorise(ctx context.Context, in *paymentsv1.AuthoriseRequest) (*paymentsv1.AuthoriseResponse, error) {
	out := &paymentsv1.AuthoriseResponse{}
	err := n.call(ctx, "Authorise", func() error {
		if n.paid[in.GetOrderId()] == "" {
			n.paid[in.GetOrderId()] = "authorised"
			if in.GetToken() == "tok_declined" {
				n.paid[in.GetOrderId()] = "declined"
			}
		}
		if out.Approved = n.paid[in.GetOrderId()] != "declined"; !out.Approved {
			out.Detail = "the card was declined"
		}
		return nil
	})
	return out, err
}

func (n *neighbours) Capture(ctx context.Context, in *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	out := &paymentsv1.CaptureResponse{}
	err := n.call(ctx, "Capture", func() error {
		if n.paid[in.GetOrderId()] == "authorised" && n.lapsing {
			n.paid[in.GetOrderId()] = "lapsed"
		}
		if n.paid[in.GetOrderId()] == "authorised" {
			n.paid[in.GetOrderId()] = "captured"
			n.moves[in.GetOrderId()]++
		}
		if out.Captured = n.paid[in.GetOrderId()] == "captured"; !out.Captured {
			out.Detail = "the authorisation has lapsed"
		}
		return nil
	})
	return out, err
}

func (n *neighbours) Void(ctx context.Context, in *paymentsv1.VoidRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, n.call(ctx, "Void", func() error {
		if n.paid[in.GetOrderId()] == "captured" {
			return fault.New(fault.Conflict, "payment_captured", "it was captured")
		}
		n.paid[in.GetOrderId()] = "voided"
		return nil
	})
}

func (n *neighbours) Refund(ctx context.Context, in *paymentsv1.RefundRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, n.call(ctx, "Refund", func() error {
		if !slices.Contains([]string{"captured", "refunded"}, n.paid[in.GetOrderId()]) {
			return fault.New(fault.Conflict, "payment_not_captured", "it was not captured")
		}
		if n.paid[in.GetOrderId()] == "captured" {
			n.moves[in.GetOrderId()]--
		}
		n.paid[in.GetOrderId()] = "refunded"
		return nil
	})
}
