package microservices_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/google/uuid"

	"triptych/internal/faults/faultlist"
	"triptych/lab/client"
	"triptych/lab/launch"
	rpcv1 "triptych/proto/rpc/v1"
)

// A story is what happens to an order, from its placing to its end.
type story struct {
	token  string
	pieces int
	then   string // cancel or ship, once it is confirmed
	end    string // its status at last
}

// There are enough for every story but the one that is short of stock.
const inStock, tooMany = 1000, 99

var (
	confirmed = story{"tok_visa", 1, "", "confirmed"}
	declined  = story{"tok_declined", 1, "", "rejected"}
	short     = story{"tok_visa", tooMany, "", "rejected"}
	cancelled = story{"tok_visa", 1, "cancel", "cancelled"}
	shipped   = story{"tok_visa", 1, "ship", "shipped"}
	lapsed    = story{"tok_visa", 1, "", "rejected"} // where authorisations do not last
)

// reaches says which story comes by each point of the checkout and of what may
// follow it. Every point in the source must be here.
var reaches = map[string]story{
	"orders.place":       confirmed,
	"orders.authorise":   confirmed,
	"orders.approved":    confirmed,
	"orders.declined":    declined,
	"orders.reserve":     confirmed,
	"orders.reserved":    confirmed,
	"orders.short":       short,
	"orders.void":        short,
	"orders.voided":      short,
	"orders.capture":     confirmed,
	"orders.captured":    confirmed,
	"orders.lapsed":      lapsed,
	"orders.cancel":      cancelled,
	"orders.refund":      cancelled,
	"orders.refunded":    cancelled,
	"orders.release":     cancelled,
	"orders.released":    cancelled,
	"orders.ship":        shipped,
	"payments.authorise": confirmed,
	"payments.capture":   confirmed,
	"payments.void":      short,
	"payments.refund":    cancelled,
	"stock.reserve":      confirmed,
	"stock.release":      cancelled,
	"outbox.sent":        confirmed,
	"reports.apply":      confirmed,
}

// lapsing are the points on the way of an order whose authorisation has lapsed.
var lapsing = []string{"orders.lapsed", "orders.release", "orders.released", "stock.release"}

// A mishap is a fault at a point, and the story that comes by it.
type mishap struct {
	point string
	fault rpcv1.Fault
	story
}

func (m mishap) String() string {
	return strings.ToLower(strings.TrimPrefix(m.fault.String(), "FAULT_")) + "_at_" + m.point
}

var kinds = []rpcv1.Fault{
	rpcv1.Fault_FAULT_EXIT_BEFORE, rpcv1.Fault_FAULT_EXIT, rpcv1.Fault_FAULT_ERROR, rpcv1.Fault_FAULT_STALL, rpcv1.Fault_FAULT_DUPLICATE,
}

// process is whose point it is.
func (m mishap) process() string {
	name, _, _ := strings.Cut(m.point, ".")
	if name == "outbox" {
		return "orders"
	}
	return name
}

// stall is longer than anybody waits: the step is done when it was given up. In
// the orders service it is longer than the lease, so that another takes the saga
// over and the first one goes on all the same.
func (m mishap) stall() time.Duration {
	if m.process() == "orders" {
		return 5500 * time.Millisecond
	}
	return 2500 * time.Millisecond
}

// What is promised of an order in trouble.
const final = 10 * time.Second

// guard is how long processes may take to end, begin and be found again on a
// busy machine.
const guard = 2 * time.Minute

// Every point of the checkout and of the cancel is tried with every fault: the
// process dies before the step or after it, the step is done and told as failed, it
// is done long after it was given up, it is done twice. Each time the order comes to the same end, and
// the books of all services keep every promise.
func TestEveryCrashPoint(t *testing.T) {
	points, err := faultlist.Names(os.DirFS(".."), "microservices/orders", "microservices/payments", "microservices/stock", "microservices/reports", "internal/outbox")
	if err != nil {
		t.Fatal(err)
	}
	var all []mishap
	for _, p := range points {
		s, known := reaches[p]
		if !known {
			t.Errorf("there is a point %s, and no story that comes by it", p)
		}
		for _, k := range kinds {
			if s != lapsed {
				all = append(all, mishap{p, k, s})
			}
		}
	}
	if len(points) != len(reaches) {
		t.Errorf("%d points were found, and stories come by %d", len(points), len(reaches))
	}
	const shops = 3
	var together sync.WaitGroup // most of the time is spent waiting
	defer together.Wait()
	for i := range shops {
		var mine []mishap
		for j := i; j < len(all); j += shops {
			mine = append(mine, all[j])
		}
		together.Go(func() { tryAll(t, fmt.Sprint("shop_", i+1), spread(mine)) })
	}
	var late []mishap
	for _, p := range lapsing {
		for _, k := range kinds {
			late = append(late, mishap{p, k, lapsed})
		}
	}
	together.Go(func() {
		tryAll(t, "shop_whose_authorisations_lapse", spread(late), func(o *launch.Options) {
			o.EnvOf = map[string][]string{"payments": {"AUTHORISATION_LIFETIME=1us"}}
		})
	})
}

// spread puts deaths as far apart as they go: a process that dies again and again
// is started later each time.
func spread(in []mishap) (out []mishap) {
	var deaths, others []mishap
	for _, m := range in {
		if m.deadly() {
			deaths = append(deaths, m)
		} else {
			others = append(others, m)
		}
	}
	for i, m := range deaths {
		out = append(out, m)
		out = append(out, others[i*len(others)/len(deaths):(i+1)*len(others)/len(deaths)]...)
	}
	return out
}

// tryAll tries mishaps one after the other in a shop of their own.
func tryAll(t *testing.T, name string, all []mishap, change ...func(*launch.Options)) {
	t.Run(name, func(t *testing.T) {
		s := startFaulty(t, change...)
		for _, m := range all {
			t.Run(m.String(), func(t *testing.T) {
				wrong, err := s.outcome(t.Context(), m)
				for _, w := range wrong {
					t.Error(w)
				}
				if err != nil {
					t.Fatal(err)
				}
			})
		}
	})
}

// A faulty shop lets faults be planted.
type faulty struct {
	*shop
	customer *client.Client
	known    []uuid.UUID // orders that were acknowledged
	conns    map[string]*grpc.ClientConn
}

func startFaulty(t *testing.T, change ...func(*launch.Options)) *faulty {
	s := start(t, append(change, func(o *launch.Options) { o.Faults = true })...)
	f := &faulty{shop: s, customer: s.customer(t), conns: map[string]*grpc.ClientConn{}}
	s.stocked(t, "TEA", inStock)
	s.stocked(t, "RARE", tooMany-1)
	return f
}

// outcome has a mishap happen in the middle of its story, and returns what is
// wrong afterwards.
func (s *faulty) outcome(ctx context.Context, m mishap) (wrong []string, err error) {
	if err := s.Await(ctx); err != nil {
		return nil, err
	}
	before, err := s.hits(ctx, m)
	if err != nil {
		return nil, err
	}
	starts := s.Process(m.process()).Restarts
	if err := s.plant(ctx, m); err != nil {
		return nil, err
	}
	if err := s.live(ctx, m.story); err != nil {
		wrong = append(wrong, err.Error())
	}
	wrong = append(wrong, s.audit(ctx, final, s.known)...)
	if m.deadly() {
		return wrong, s.awaitDeath(m.process(), starts)
	}
	after, err := s.hits(ctx, m)
	if err == nil && after == before {
		err = fmt.Errorf("%s was not reached", m.point)
	}
	return wrong, err
}

// deadly reports whether the process ends.
func (m mishap) deadly() bool {
	return m.fault == rpcv1.Fault_FAULT_EXIT || m.fault == rpcv1.Fault_FAULT_EXIT_BEFORE
}

func (s *faulty) faults(process string) (rpcv1.FaultsClient, error) {
	if s.conns[process] == nil {
		conn, err := s.Dial(process)
		if err != nil {
			return nil, err
		}
		s.conns[process] = conn
	}
	return rpcv1.NewFaultsClient(s.conns[process]), nil
}

// hits is how often a point was reached since its process started.
func (s *faulty) hits(ctx context.Context, m mishap) (int64, error) {
	c, err := s.faults(m.process())
	if err != nil {
		return 0, err
	}
	h, err := c.Hits(ctx, &emptypb.Empty{})
	return h.GetHits()[m.point], err
}

func (s *faulty) plant(ctx context.Context, m mishap) error {
	c, err := s.faults(m.process())
	if err != nil {
		return err
	}
	request := &rpcv1.PlantRequest{Point: m.point, Fault: m.fault}
	if m.fault == rpcv1.Fault_FAULT_STALL {
		request.Stall = durationpb.New(m.stall())
	}
	_, err = c.Plant(ctx, request)
	return err
}

// awaitDeath waits until a process has been started again, which whoever sees its
// last effect may see before.
func (s *faulty) awaitDeath(process string, starts int) error {
	for deadline := time.Now().Add(guard); s.Process(process).Restarts == starts; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not die", process)
		}
	}
	return nil
}

// live has an order go through a story. The client does what it is told to: what
// was not answered it asks again, with the same key.
func (s *faulty) live(ctx context.Context, so story) error {
	ctx, cancel := context.WithTimeout(ctx, 2*final)
	defer cancel()
	sku := "TEA"
	if so.pieces == tooMany {
		sku = "RARE"
	}
	var o placed
	if err := persist(ctx, s.customer, orderOf(rand.Text(), so.token, sku, so.pieces), &o); err != nil {
		return fmt.Errorf("place: %w", err)
	}
	s.known = append(s.known, o.ID)
	if err := s.awaitStatus(ctx, &o, "confirmed", "rejected"); err != nil {
		return err
	}
	if so.then != "" {
		who := s.customer
		if so.then == "ship" {
			who = s.manager
		}
		if err := persist(ctx, who, client.Call{Method: "POST", Path: "/v1/orders/" + o.ID.String() + "/" + so.then}, &o); err != nil {
			return fmt.Errorf("%s: %w", so.then, err)
		}
		if err := s.awaitStatus(ctx, &o, "cancelled", "shipped"); err != nil {
			return err
		}
	}
	if o.Status != so.end {
		return fmt.Errorf("order %s is %s, want %s", o.ID, o.Status, so.end)
	}
	return nil
}

// awaitStatus reads an order until it has one of the statuses.
func (s *faulty) awaitStatus(ctx context.Context, o *placed, statuses ...string) error {
	began := time.Now()
	for !slices.Contains(statuses, o.Status) {
		if err := persist(ctx, s.customer, waiting(client.Call{Method: "GET", Path: "/v1/orders/" + o.ID.String()}, 2), o); err != nil {
			return fmt.Errorf("after %v order %s is %s: %w", time.Since(began), o.ID, o.Status, err)
		}
	}
	return nil
}
