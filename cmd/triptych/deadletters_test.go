package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	eventsv1 "triptych/proto/events/v1"
)

// A letter is listed, shown as what it is, replayed, and gone.
func TestDeadLetters(t *testing.T) {
	brokers := kafkatest.New(t).ListenAddrs()[0] // its own: all letters are replayed
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	group := kafkatest.Name(t, "reports")
	log, err := kafka.Open(brokers, topic)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	known, err := proto.Marshal(&eventsv1.OrderRejected{OrderId: "o1", Reason: "out_of_stock"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []kafka.Message{
		{Type: "events.v1.OrderRejected", Key: "o1", Value: known},
		{Type: "events.v9.Unheard", Key: "o2", Value: []byte("\x01triptych")},
		{Type: "\x1b[2J", Key: "o3\n2026-11-24", Value: []byte("\x1b[2J")},
	} {
		m.Topic, m.ID, m.Time = topic.Name, uuid.New(), time.Now()
		if err := log.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	die(t, log, group, topic, 3)

	first, second, third := group+"/"+topic.Name+"/0/0", group+"/"+topic.Name+"/0/1", group+"/"+topic.Name+"/0/2"
	says := func(want []string, args ...string) {
		t.Helper()
		var out bytes.Buffer
		args = append([]string{"dead-letters"}, args...)
		if err := run(t.Context(), args, func(string) string { return "" }, &screen{w: &out, width: 80}); err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "\n2026-11-24 of") {
			t.Errorf("%v lets a message write to the terminal: %q", args, out.String())
		}
		for _, w := range want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%v says\n%swithout %q", args, out.String(), w)
			}
		}
	}
	says([]string{first, second, "events.v1.OrderRejected of o1, given up at attempt 1: it is broken"}, "list", "--brokers", brokers)
	says([]string{"it is broken", "out_of_stock", `"orderId"`, "topic " + topic.Name + ", partition 0, offset 0"}, "--brokers", brokers, "show", first)
	says([]string{"events.v9.Unheard", "|.triptych|"}, "show", "--brokers="+brokers, second)
	says([]string{"\uFFFD[2J", "|.[2J|"}, "show", third, "--brokers", brokers)
	says([]string{"\uFFFD[2J of o3\uFFFD2026-11-24"}, "list", "--brokers", brokers)
	says([]string{first + " is tried again"}, "replay", first, "--brokers", brokers)
	says([]string{second + " is tried again"}, "replay", "--all", "--brokers", brokers)
	err = run(t.Context(), []string{"dead-letters", "show", first, "--brokers", brokers}, func(string) string { return "" }, &screen{w: &bytes.Buffer{}})
	if !errors.Is(err, kafka.ErrNoLetter) {
		t.Errorf("a letter that was replayed: %v", err)
	}
}

func TestWrongWordsAboutDeadLetters(t *testing.T) {
	for _, args := range [][]string{{"burn"}, {"show"}, {"show", "a", "b"}, {"replay"}, {"replay", "a", "--all"}, {"list", "a"}, {"--nonsense"}} {
		args := append([]string{"dead-letters", "--brokers", "127.0.0.1:1"}, args...)
		err := run(t.Context(), args, func(string) string { return "" }, &screen{w: &bytes.Buffer{}})
		if wrong := (usageError{}); !errors.As(err, &wrong) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// die has a group fail to handle n messages.
func die(t *testing.T, log *kafka.Client, group string, topic kafka.Topic, n int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- log.Consume(ctx, kafka.Consumer{Group: group, Topics: []kafka.Topic{topic}, Attempts: 1,
			Handle: func(context.Context, kafka.Message) error { return errors.New("it is broken") }})
	}()
	deadline := time.Now().Add(30 * time.Second)
	for buried := 0; buried < n; {
		letters, err := log.Letters(t.Context())
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("%d dead letters, %v", buried, err)
		}
		buried = 0
		for _, l := range letters {
			if l.Group == group {
				buried++
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
