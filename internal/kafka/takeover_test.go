package kafka_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"triptych/internal/child"
	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

const (
	memberBrokers = "MEMBER_BROKERS" // this process is a member of a group, for TestTakeover
	memberNames   = "MEMBER_NAMES"
)

func TestMain(m *testing.M) {
	if brokers := os.Getenv(memberBrokers); brokers != "" {
		if err := member(brokers, os.Getenv(memberNames)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// member tells of each message that it handles.
func member(brokers, names string) error {
	topic, group, _ := strings.Cut(names, " ")
	c, err := kafka.Open(brokers)
	if err != nil {
		return err
	}
	return c.Consume(context.Background(), kafka.Consumer{
		Group: group, Topics: []kafka.Topic{{Name: topic, Partitions: 6}},
		Handle: func(_ context.Context, m kafka.Message) error {
			_, err := fmt.Println(m.Key)
			return err
		},
	})
}

// What a member had for its share is the others' within seven seconds of its
// death.
func TestTakeover(t *testing.T) {
	brokers := kafkatest.Brokers(t)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	c := open(t, brokers, topic)
	group := kafkatest.Name(t, "reports")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), memberBrokers+"="+brokers, memberNames+"="+topic.Name+" "+group)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	other, err := child.Start(cmd, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Kill)
	var handled atomic.Int32
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			handled.Add(1)
		}
	}()
	var seen journal
	start(t, c, kafka.Consumer{Group: group, Topics: []kafka.Topic{topic}, Handle: seen.note(nil)})
	var sent int
	send := func() {
		for i := range 30 {
			publish(t, c, message(topic.Name, fmt.Sprint(i), fmt.Sprint(sent)))
			sent++
		}
	}
	waittest.Until(t, "both to have a share", func() bool {
		mine, its := len(seen.all()), handled.Load()
		send()
		return len(seen.all()) > mine && handled.Load() > its
	})

	other.Kill()
	died := time.Now()
	begin := sent
	send()
	waittest.Until(t, "what was sent since", func() bool {
		n := 0
		for _, m := range seen.all() {
			var i int
			if fmt.Sscan(string(m.Value), &i); i >= begin {
				n++
			}
		}
		return n >= sent-begin
	})
	took := time.Since(died)
	t.Logf("the share was taken over after %s", took.Round(time.Millisecond))
	if took > 20*time.Second { // it is six and a half; left alone, the client would take thirty
		t.Errorf("it took %s, want a few seconds", took)
	}
}
