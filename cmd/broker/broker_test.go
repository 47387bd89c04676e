package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"triptych/internal/child"
	"triptych/internal/kafka"
	"triptych/internal/waittest"
)

// What was acknowledged before kill -9 is there afterwards, and a group goes on
// where it was.
func TestKillLosesNothing(t *testing.T) {
	l, data := listen(t), t.TempDir()
	p := start(t, l, data)
	topic := kafka.Topic{Name: "orders", Partitions: 6}
	c, err := kafka.Open(l.Addr().String(), topic)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	seen := consume(t, c, topic)

	var acked []uuid.UUID
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	var mu sync.Mutex
	for w := range 8 {
		writers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				m := kafka.Message{Topic: topic.Name, ID: uuid.New(), Key: fmt.Sprint(w), Type: "test", Value: fmt.Append(nil, n), Time: time.Now()}
				if c.Publish(ctx, m) == nil {
					mu.Lock()
					acked = append(acked, m.ID)
					mu.Unlock()
				}
			}
		})
	}
	waittest.Until(t, "messages", func() bool { return seen.len() > 1000 })
	p.Kill()
	mu.Lock()
	before := len(acked)
	mu.Unlock()
	p = start(t, l, data)
	waittest.Until(t, "messages after the restart", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(acked) > before+100
	})
	stop()
	writers.Wait()
	waittest.Until(t, "every acknowledged message", func() bool { return seen.all(acked) })

	// At the most a hundred were handled and not committed, and some were sent
	// again because nobody had said that they arrived.
	if again := seen.repeats(); again > before/2 {
		t.Errorf("%d of %d messages were read again: the group did not go on where it was", again, before)
	}
	p.Stop(t.Context())
	if err := p.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// Whoever takes it for a web server hears that it is none, and costs nothing.
func TestAHugeRequestIsRefused(t *testing.T) {
	l := listen(t)
	start(t, l, t.TempDir())
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("GET / HTTP/1.1\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection: %v, want that it is closed", err)
	}
}

// Sizes are understood wherever reads begin and end.
func TestRequestsAreMeasuredInPieces(t *testing.T) {
	fits := append(binary.BigEndian.AppendUint32(nil, 3), "abc"...)
	sent := slices.Concat(fits, binary.BigEndian.AppendUint32(nil, 0), fits)
	huge := binary.BigEndian.AppendUint32(nil, maxRequest+1)
	for piece := 1; piece <= len(sent)+len(huge); piece++ {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			for part := range slices.Chunk(append(sent, huge...), piece) {
				_, _ = there.Write(part)
			}
		}()
		got, err := io.ReadAll(&boundedConn{Conn: here})
		here.Close()
		if err == nil || len(got) > len(sent)+len(huge)-1 || !bytes.HasPrefix(append(sent, huge...), got) {
			t.Errorf("in pieces of %d: %q, %v", piece, got, err)
		}
	}
}

func TestTwoBrokersDoNotShareData(t *testing.T) {
	data := t.TempDir()
	start(t, listen(t), data)
	err := run(t.Context(), func(name string) string {
		return map[string]string{"BROKER_ADDR": "127.0.0.1:0", "BROKER_DATA": data, "OTEL_SDK_DISABLED": "true"}[name]
	})
	if err == nil || !strings.Contains(err.Error(), "in use by another broker") {
		t.Errorf("the second broker: %v", err)
	}
}

func TestClientsAreToldTheAdvertisedAddress(t *testing.T) {
	l := listen(t)
	// A name of this machine that is not what was listened on.
	_, port, _ := net.SplitHostPort(l.Addr().String())
	at := "localhost:" + port
	start(t, l, t.TempDir(), "BROKER_ADVERTISED="+at)
	c, err := kgo.NewClient(kgo.SeedBrokers(l.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	told, err := kmsg.NewPtrMetadataRequest().RequestWith(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(told.Brokers); n != 1 {
		t.Fatalf("clients are told of %d brokers", n)
	}
	if got := net.JoinHostPort(told.Brokers[0].Host, fmt.Sprint(told.Brokers[0].Port)); got != at {
		t.Errorf("the broker is at %s, want %s", got, at)
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	_, err := readConfig(func(name string) string {
		return map[string]string{"SYNC": "perhaps", "BROKER_ADVERTISED": "nowhere"}[name]
	})
	for _, want := range []string{"SYNC must be on or off", "BROKER_ADVERTISED must be a host and a port"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the complaint %q is not in: %v", want, err)
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "broker-test-")
	if err != nil {
		return "", err
	}
	out := filepath.Join(dir, "broker")
	if b, err := exec.Command("go", "build", "-o", out, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, b)
	}
	return out, child.RemoveAtEnd(dir)
})

// start starts a broker that inherits l, and returns when it is ready.
func start(t *testing.T, l net.Listener, data string, env ...string) *child.Process {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "BROKER_ADDR=fd:3", "BROKER_DATA="+data)
	cmd.Env = append(cmd.Env, env...)
	cmd.ExtraFiles = []*os.File{file}
	cmd.Stderr = w
	p, err := child.Start(cmd, syscall.SIGTERM)
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop(context.Background())
		r.Close()
	})
	ready := make(chan error, 1)
	go func() {
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			if strings.Contains(lines.Text(), "broker is ready") {
				ready <- nil
			}
		}
		ready <- errors.New("the broker ended")
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	return p
}

// seen counts how often each message came.
type seen struct {
	mu    sync.Mutex
	times map[uuid.UUID]int
}

func (s *seen) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.times)
}

func (s *seen) all(ids []uuid.UUID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		if s.times[id] == 0 {
			return false
		}
	}
	return true
}

func (s *seen) repeats() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.times {
		n += times - 1
	}
	return n
}

func consume(t *testing.T, c *kafka.Client, topic kafka.Topic) *seen {
	s := &seen{times: map[uuid.UUID]int{}}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- c.Consume(ctx, kafka.Consumer{Group: "reports", Topics: []kafka.Topic{topic}, Handle: func(_ context.Context, m kafka.Message) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.times[m.ID]++
			return nil
		}})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s
}
