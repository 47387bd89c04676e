package service

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"triptych/internal/authority"
	"triptych/internal/env"
	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc"
	"triptych/internal/waittest"
)

// A diary is what happened, in order.
type diary struct {
	mu      sync.Mutex
	entries []string
}

func (d *diary) add(entry string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, entry)
}

func (d *diary) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.entries)
}

// nowhere is a listener that nobody can reach.
type nowhere struct{ net.Listener }

func (nowhere) Addr() net.Addr { return &net.UnixAddr{Name: "nowhere"} }

// While calls that have begun are answered the work goes on, and what both use
// stays open; only then the one ends, and then the other.
func TestTheEndComesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		s := &Service{Name: "orders", Env: &env.Reader{}, listener: nowhere{}}
		s.AtEnd(func() error { d.add("the pool is closed"); return nil })
		s.AtEnd(func() error { d.add("the client is closed"); return nil })
		s.Go(func(ctx context.Context) error {
			<-ctx.Done()
			d.add("the work ends")
			return ctx.Err()
		})
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Minute)
			stop()
		}()
		err := s.run(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(5 * time.Second)
			d.add("the last call is answered")
			return nil
		})
		if err := errors.Join(err, s.close()); err != nil {
			t.Error(err)
		}
		want := []string{"the last call is answered", "the work ends", "the client is closed", "the pool is closed"}
		if diff := cmp.Diff(want, d.all()); diff != "" {
			t.Errorf("the end (-want +got):\n%s", diff)
		}
	})
}

// Whatever fails first is why the service ends; the rest ends in peace.
func TestWhatFailsEndsTheRest(t *testing.T) {
	broke := errors.New("it broke")
	untilDone := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	fails := func(context.Context) error { return broke }
	drains := func(ctx context.Context) error { <-ctx.Done(); return nil }
	for _, c := range []struct {
		name  string
		serve func(context.Context) error
		work  []func(context.Context) error
	}{
		{"the server", fails, []func(context.Context) error{untilDone, untilDone}},
		{"work", drains, []func(context.Context) error{untilDone, fails}},
	} {
		s := &Service{Name: "orders", Env: &env.Reader{}, listener: nowhere{}, work: c.work}
		if err := s.run(t.Context(), c.serve); err != broke {
			t.Errorf("%s fails: %v, want %v", c.name, err, broke)
		}
	}

	// Work that has nothing more to do is no reason to end, and what fails while
	// it ends is told.
	ctx, stop := context.WithCancel(t.Context())
	s := &Service{Name: "orders", Env: &env.Reader{}, listener: nowhere{}}
	s.Go(func(context.Context) error { stop(); return nil })
	s.Go(func(ctx context.Context) error { <-ctx.Done(); return broke })
	if err := s.run(ctx, drains); err != broke {
		t.Errorf("work fails at its end: %v, want %v", err, broke)
	}
}

func TestNothingIsLeft(t *testing.T) {
	a, err := authority.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := a.Issue(dir, "orders"); err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{
		"GRPC_ADDR": "127.0.0.1:0", "DEBUG_ADDR": "127.0.0.1:0", "TLS_DIR": dir,
		"DATABASE_URL": pgtest.URL(t), "KAFKA_BROKERS": kafkatest.Brokers(t), "ORDERS_ADDR": "127.0.0.1:1", "GOGC": "100", "GOMEMLIMIT": "off",
	}
	before := goleak.IgnoreCurrent()
	ctx, stop := context.WithCancel(t.Context())
	var conn interface{ Close() error }
	p := program{name: "orders", getenv: func(name string) string { return settings[name] }}
	p.run = func(ctx context.Context, s *Service) error {
		if _, err := s.Database(ctx); err != nil {
			return err
		}
		topic := kafka.Topic{Name: kafkatest.Name(t, "parcels"), Partitions: 1}
		log, err := kafka.Open(settings["KAFKA_BROKERS"], topic)
		if err != nil {
			return err
		}
		s.AtEnd(log.Close)
		handled := make(chan struct{}, 1)
		s.Go(func(ctx context.Context) error {
			return log.Consume(ctx, kafka.Consumer{
				Group: kafkatest.Name(t, "readers"), Topics: []kafka.Topic{topic},
				Handle: func(context.Context, kafka.Message) error { handled <- struct{}{}; return nil },
			})
		})
		others, err := s.Dial("orders")
		if err != nil {
			return err
		}
		conn = others
		if err := rpc.Health(ctx, others); err == nil {
			t.Error("somebody answers at port 1")
		}
		s.Go(func(ctx context.Context) error {
			err := log.Publish(ctx, kafka.Message{Topic: topic.Name, ID: uuid.New(), Key: "x", Type: "x.v1.X"})
			if err == nil {
				<-handled
			}
			stop()
			return err
		})
		return s.Serve(ctx)
	}
	var said bytes.Buffer
	if code := p.main(ctx, nil, &said); code != 0 || said.Len() > 0 {
		t.Errorf("exit code %d: %s", code, &said)
	}
	if conn.Close() == nil {
		t.Error("the connection to another service was left open")
	}
	waittest.Ended(t, before)
}
