package faas

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/internal/waittest"
)

// TestNoAcceptedEventIsLost kills a runner five times while it takes and
// delivers 10,000 events: each that was accepted reaches its function, and ends
// as one record at its destination.
func TestNoAcceptedEventIsLost(t *testing.T) {
	const events, kills = 10_000, 5
	data := folder(t)
	heard := listen(t)
	s := serve(t, data)
	s.deploy(t, "recorder", lambda.CreateFunctionInput{
		Environment: &types.Environment{Variables: map[string]string{"LISTENER": heard.addr}},
		Tags:        map[string]string{function.TagConnect: heard.port},
		Timeout:     aws.Int32(60),
	})
	_, err := s.client.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName:      aws.String("recorder"),
		DestinationConfig: &types.DestinationConfig{OnSuccess: &types.OnSuccess{Destination: aws.String(function.QueueARN("done"))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for round := range kills {
		from, to := round*events/kills, (round+1)*events/kills
		failed := make(chan []int)
		go func() { failed <- s.sendAll(t, from, to) }()
		heard.until(t, "half of the events have reached their function", func() bool { return heard.distinct() >= (from+to)/2 })
		s.Kill()
		again := <-failed
		s = serve(t, data)
		// What was not answered may have been accepted all the same, and then
		// is delivered twice.
		for _, id := range again {
			if err := s.send(t.Context(), "recorder", recordedEvent(id)); err != nil {
				t.Fatal(err)
			}
		}
	}
	heard.until(t, "every event has reached its function", func() bool { return heard.distinct() == events })
	s.Stop(t.Context())
	done, queued := records(t, data)
	for queued > 0 {
		before := heard.total()
		s = serve(t, data)
		heard.until(t, "what is queued has reached its function", func() bool { return heard.total() >= before+queued })
		s.Stop(t.Context())
		done, queued = records(t, data)
	}
	if len(done) < events {
		t.Errorf("%d events have a record at their destination, want %d", len(done), events)
	}
	for id, n := range done {
		if n != 1 {
			t.Errorf("event %s has %d records", id, n)
		}
	}
	if left := processes(t, data); len(left) > 0 {
		t.Errorf("left running: %q", left)
	}
	t.Logf("%d events were delivered %d times", events, heard.total())
}

// TestAKilledRunnerLeavesNoProcess kills a runner whose function has started a
// process in a session of its own.
func TestAKilledRunnerLeavesNoProcess(t *testing.T) {
	data := folder(t)
	s := serve(t, data)
	s.deploy(t, "nap", lambda.CreateFunctionInput{})
	if _, err := s.client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("nap"), Payload: []byte("0")}); err != nil {
		t.Fatal(err)
	}
	if len(processes(t, data)) < 2 {
		t.Fatalf("the function runs as %q, want its shell and a sleep at least", processes(t, data))
	}
	s.Kill()
	waittest.Until(t, "no process of the function is left", func() bool { return len(processes(t, data)) == 0 })
}

// TestARunnerThatIsAskedToEndAnswersFirst asks a runner to end while functions
// work: whoever waits gets its answer, and a queued event is not begun again.
func TestARunnerThatIsAskedToEndAnswersFirst(t *testing.T) {
	data := folder(t)
	s := serve(t, data)
	s.deploy(t, "nap", lambda.CreateFunctionInput{Timeout: aws.Int32(30)})
	answered := make(chan string, 1)
	go func() {
		out, err := s.client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("nap"), Payload: []byte("2")})
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- string(out.Payload)
	}()
	if err := s.send(t.Context(), "nap", "2.5"); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "both events are under way", func() bool {
		n := 0
		for _, p := range processes(t, data) {
			if strings.Contains(p, "sleep 2") {
				n++
			}
		}
		return n == 2
	})
	s.Stop(t.Context())
	if got := <-answered; got != `"rested"` {
		t.Errorf("who waited got %s", got)
	}
	if err := s.Wait(); err != nil {
		t.Errorf("the runner ended with %v", err)
	}
	if _, queued := records(t, data); queued != 0 {
		t.Errorf("%d events are still queued, want none", queued)
	}
	if left := processes(t, data); len(left) > 0 {
		t.Errorf("left running: %q", left)
	}
}

func recordedEvent(id int) string { return fmt.Sprintf(`{"ID":%d}`, id) }

// sendAll queues the events from one id to another and returns those that were
// not accepted.
func (s *served) sendAll(t *testing.T, from, to int) (failed []int) {
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(16)
	for id := from; id < to; id++ {
		g.Go(func() error {
			if err := s.send(t.Context(), "recorder", recordedEvent(id)); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, id)
			}
			return nil
		})
	}
	_ = g.Wait()
	return failed
}

// records reads the store of a runner that has ended: how many records each
// event has at its destination, and how many events are queued.
func records(t *testing.T, data string) (done map[string]int, queued int) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(data, "state.db"), 0o600, &bbolt.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	q, err := async.Open(db, async.Options{Invoker: nobody{}, Policy: func(function.Ref) (async.Settings, error) { return async.Settings{}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	stats, err := q.Stats()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		queued += s.Queued
	}
	done = map[string]int{}
	messages, err := q.Messages("done", 1_000_000)
	if e := (*function.Error)(nil); errors.As(err, &e) && e.Status == 404 {
		return done, queued
	} else if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		var record struct{ RequestContext struct{ RequestID string } }
		if err := json.Unmarshal(m.Body, &record); err != nil {
			t.Fatal(err)
		}
		done[record.RequestContext.RequestID]++
	}
	return done, queued
}

// nobody delivers nothing.
type nobody struct{}

func (nobody) InvokeEvent(context.Context, async.Event) (async.Result, error) {
	return async.Result{}, errors.New("nobody is there")
}

// A listener hears which events have reached a function.
type listener struct {
	addr, port string

	mu    sync.Mutex
	heard map[int]int
	order []int // in which they were heard first
}

func listen(t *testing.T) *listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())
	h := &listener{addr: l.Addr().String(), port: port, heard: map[int]int{}}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go h.listen(conn)
		}
	}()
	return h
}

func (h *listener) listen(conn net.Conn) {
	defer conn.Close()
	lines(bufio.NewReader(conn), func(line string) {
		id, err := strconv.Atoi(line)
		if err != nil {
			return // cut off by a kill
		}
		h.mu.Lock()
		if h.heard[id]++; h.heard[id] == 1 {
			h.order = append(h.order, id)
		}
		h.mu.Unlock()
		_, _ = conn.Write([]byte("\n"))
	})
}

// until waits until something is so, as long as events go on to arrive: how
// long that takes is a matter of the machine.
func (h *listener) until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for !so() {
		before := h.total()
		waittest.Until(t, "another event before "+what, func() bool { return so() || h.total() > before })
	}
}

func (h *listener) distinct() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.heard)
}

// firsts are the ids in the order in which they were heard first.
func (h *listener) firsts() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.order)
}

func (h *listener) total() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, times := range h.heard {
		n += times
	}
	return n
}
