package kafka

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

// Of what passes nobody hears, unless it does not.
func TestWhatIsToldOfTrouble(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	noCoordinator := fmt.Errorf("join: %w", kafka.GroupCoordinatorNotAvailable)
	ways := map[string]func(*trouble, error){
		"ours":       func(t *trouble, err error) { t.warn("it goes wrong", err) },
		"kafka-go's": func(t *trouble, err error) { t.logger("it goes wrong").Printf("doing it: %v", err) },
	}
	for _, c := range []struct {
		name string
		errs []error
		each time.Duration // between them
		told bool
	}{
		{"a broker that is gone", []error{io.ErrUnexpectedEOF}, 0, true},
		{"what may not be done", []error{kafka.TopicAuthorizationFailed}, 0, true},
		{"the end", []error{context.Canceled}, 0, false},
		{"a connection that we have closed", []error{&net.OpError{Op: "read", Err: net.ErrClosed}}, 0, false},
		{"work that is shared out anew", []error{fmt.Errorf("sync: %w", kafka.RebalanceInProgress)}, 0, false},
		{"the first group of a new broker", []error{noCoordinator, kafka.NotCoordinatorForGroup, noCoordinator}, time.Second, false},
		{"a topic that others make too", []error{kafka.TopicAlreadyExists}, 0, false},
		{"a fetch that took too long", []error{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}}, 0, false},
		{"a broker that nobody can call", []error{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, 0, true},
		{"the same now and then", []error{noCoordinator, noCoordinator, noCoordinator}, time.Minute, false},
		{"a group that is never had", slices.Repeat([]error{noCoordinator}, 6), 7 * time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			for whose, tell := range ways {
				log.Reset()
				var trouble trouble
				for _, err := range c.errs {
					tell(&trouble, err)
					time.Sleep(c.each)
				}
				if told := log.Len() > 0; told != c.told {
					t.Errorf("of %s, %s words, it was said: %q", c.name, whose, log.String())
				}
			}
		})
	}
}
