// Package kafkatest gives tests a broker.
package kafkatest

import (
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Brokers returns the address of a broker for t: the one that TEST_KAFKA_BROKERS
// names, which other tests use too (see Name), or one in this process that ends
// with t.
func Brokers(t testing.TB) string {
	t.Helper()
	if at := os.Getenv("TEST_KAFKA_BROKERS"); at != "" {
		return at
	}
	return strings.Join(New(t).ListenAddrs(), ",")
}

// New returns a broker in this process that ends with t, for tests that have it
// misbehave.
func New(t testing.TB, options ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append(options, kfake.NumBrokers(1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Name returns a name for a topic or a group of t's own that begins as given.
func Name(t testing.TB, begin string) string {
	t.Helper()
	return begin + "-" + strings.ToLower(rand.Text()[:10])
}
