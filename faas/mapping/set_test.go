package mapping

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
)

func open(t *testing.T, path string, run Run) (*Set, *bbolt.DB) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := Open(db, run)
	if err != nil {
		t.Fatal(err)
	}
	return s, db
}

func orders(changes ...func(*Mapping)) Mapping {
	m := Mapping{
		Ref: function.Ref{Name: "ship"}, Brokers: []string{"a:1", "b:2"}, Topic: "orders", Start: TrimHorizon,
		Enabled: true, BatchSize: DefaultBatch, Window: DefaultWindow, Retries: Forever,
	}
	for _, change := range changes {
		change(&m)
	}
	return m
}

// A source runs when it is told to, and ends when it is let.
type source struct {
	begun, ready, end chan struct{}
}

func (s source) run(ctx context.Context, _ Mapping, p *Progress) {
	s.begun <- struct{}{}
	<-s.ready
	p.Source("")
	<-ctx.Done()
	<-s.end
}

// A mapping is on its way for as long as what it runs takes to begin and to end,
// and is not to be changed meanwhile.
func TestStates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	synctest.Test(t, func(t *testing.T) {
		src := source{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		s, _ := open(t, path, src.run)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		synctest.Wait()

		made, err := s.Create(orders())
		if err != nil {
			t.Fatal(err)
		}
		is := func(want State) {
			t.Helper()
			synctest.Wait()
			if got, err := s.Get(made.ID); err != nil || got.State != want {
				t.Fatalf("it is %s, %v, want %s", got.State, err, want)
			}
		}
		busy := func() {
			t.Helper()
			_, err := s.Change(made.ID, func(*Mapping) error { return nil })
			if e, ok := errors.AsType[*function.Error](err); !ok || e.Type != "ResourceInUseException" {
				t.Errorf("a change gives %v", err)
			}
			_, err = s.Delete(made.ID)
			if e, ok := errors.AsType[*function.Error](err); !ok || e.Type != "ResourceInUseException" {
				t.Errorf("removing it gives %v", err)
			}
		}
		enable := func(is bool) {
			t.Helper()
			if _, err := s.Change(made.ID, func(m *Mapping) error { m.Enabled = is; return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if made.State != Creating || made.Group != made.ID {
			t.Errorf("made %+v", made)
		}
		is(Creating)
		busy()
		<-src.begun
		is(Creating)
		src.ready <- struct{}{}
		is(Enabled)

		enable(true)
		is(Updating)
		busy()
		src.end <- struct{}{}
		<-src.begun
		is(Updating)
		src.ready <- struct{}{}
		is(Enabled)

		enable(false)
		is(Disabling)
		busy()
		src.end <- struct{}{}
		is(Disabled)

		enable(true)
		is(Enabling)
		<-src.begun
		src.ready <- struct{}{}
		is(Enabled)

		if _, err := s.Delete(made.ID); err != nil {
			t.Fatal(err)
		}
		is(Deleting)
		busy()
		src.end <- struct{}{}
		synctest.Wait()
		if _, err := s.Get(made.ID); err == nil || len(s.All()) > 0 {
			t.Error("it is still there")
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// What was accepted holds after a crash; what was being removed is removed.
func TestKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s, db := open(t, path, nil) // nothing runs
	kept, err := s.Create(orders(func(m *Mapping) { m.Tags = map[string]string{"a": "b"} }))
	if err != nil {
		t.Fatal(err)
	}
	gone, err := s.Create(orders(func(m *Mapping) { m.Topic, m.Enabled = "payments", false }))
	if err != nil {
		t.Fatal(err)
	}
	// As if the runner had been killed before it was settled.
	s.keepers[gone.ID].state = Disabled
	if _, err := s.Delete(gone.ID); err != nil {
		t.Fatal(err)
	}
	db.Close()

	begun := make(chan Mapping, 10)
	s, _ = open(t, path, func(ctx context.Context, m Mapping, p *Progress) {
		begun <- m
		<-ctx.Done()
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	got := <-begun
	got.Modified = kept.Modified // without the monotonic clock
	if diff := cmp.Diff(kept.Mapping, got); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(begun) > 0 {
		t.Error("what was removed has run")
	}
}

// The same records are not given to the same function twice.
func TestOneOfAKind(t *testing.T) {
	s, _ := open(t, filepath.Join(t.TempDir(), "db"), nil)
	if _, err := s.Create(orders()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Mapping)
		same   bool
	}{
		{"the same", func(*Mapping) {}, true},
		{"another order of brokers, another group", func(m *Mapping) { m.Brokers, m.Group = []string{"b:2", "a:1"}, "g" }, true},
		{"another topic", func(m *Mapping) { m.Topic = "payments" }, false},
		{"an alias", func(m *Mapping) { m.Ref.Qualifier = "live" }, false},
		{"other brokers", func(m *Mapping) { m.Brokers = []string{"a:1"} }, false},
	} {
		_, err := s.Create(orders(c.change))
		e, ok := errors.AsType[*function.Error](err)
		if ok != c.same || ok && (e.Type != "ResourceConflictException" || !strings.Contains(e.Message, "UUID")) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		change func(*Mapping)
		want   string // of the complaint; empty is none
	}{
		{func(*Mapping) {}, ""},
		{func(m *Mapping) { m.OnFailure = "kafka://dead" }, ""},
		{func(m *Mapping) { m.OnFailure = function.QueueARN("dead") }, ""},
		{func(m *Mapping) { m.Start, m.StartAt = AtTimestamp, time.Unix(1, 0) }, ""},
		{func(m *Mapping) { m.Access = []Access{{"VPC_SUBNET", "subnet:1"}} }, ""},
		{func(m *Mapping) { m.Brokers = nil }, "names no broker"},
		{func(m *Mapping) { m.Brokers = []string{"kafka"} }, `"kafka" is no address`},
		{func(m *Mapping) { m.Brokers = []string{"kafka:x"} }, `"kafka:x" is no address`},
		{func(m *Mapping) { m.Topic = "" }, "the topic"},
		{func(m *Mapping) { m.Topic = "a b" }, "the topic"},
		{func(m *Mapping) { m.Group = "a b" }, "ConsumerGroupId"},
		{func(m *Mapping) { m.Start = "NOW" }, "StartingPosition"},
		{func(m *Mapping) { m.Start = AtTimestamp }, "needs a StartingPositionTimestamp"},
		{func(m *Mapping) { m.StartAt = time.Unix(1, 0) }, "only for"},
		{func(m *Mapping) { m.BatchSize = 0 }, "BatchSize is 0"},
		{func(m *Mapping) { m.BatchSize = 10_001 }, "BatchSize is 10001"},
		{func(m *Mapping) { m.Window = -time.Second }, "MaximumBatchingWindowInSeconds is -1"},
		{func(m *Mapping) { m.Window = 301 * time.Second }, "MaximumBatchingWindowInSeconds is 301"},
		{func(m *Mapping) { m.Retries = -2 }, "MaximumRetryAttempts is -2"},
		{func(m *Mapping) { m.Retries = 10_001 }, "MaximumRetryAttempts is 10001"},
		{func(m *Mapping) { m.MaxAge = 59 * time.Second }, "MaximumRecordAgeInSeconds is 59"},
		{func(m *Mapping) { m.OnFailure = "kafka://orders" }, "the topic that is read"},
		{func(m *Mapping) { m.OnFailure = "kafka://a b" }, "the topic"},
		{func(m *Mapping) { m.OnFailure = function.ARN("other", "") }, "use the ARN of a queue"},
		{func(m *Mapping) { m.OnFailure = "arn:aws:sns:us-east-1:000000000000:t" }, "use the ARN of a queue"},
		{func(m *Mapping) { m.Access = []Access{{"MAGIC", ""}} }, `"MAGIC"`},
	} {
		m := orders(func(m *Mapping) { m.Group = "g" }, c.change)
		err := m.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want …%s…", err, c.want)
		}
	}
}

func TestARN(t *testing.T) {
	id, ok := FromARN(ARN("7"))
	if !ok || id != "7" {
		t.Errorf("got %q, %t", id, ok)
	}
	for _, arn := range []string{"", "7", function.ARN("a", ""), function.QueueARN("q")} {
		if id, ok := FromARN(arn); ok {
			t.Errorf("%q is the mapping %q", arn, id)
		}
	}
}
