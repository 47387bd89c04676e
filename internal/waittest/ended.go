package waittest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Ended waits until all goroutines have ended, but for those that the options let
// be. When they do not, t fails. goleak by itself waits for less than half a
// second, in which a busy machine may not run them at all.
func Ended(t testing.TB, options ...goleak.Option) {
	t.Helper()
	if err := ended(options); err != nil {
		t.Error(err)
	}
}

// Main runs the tests of a package, after which all goroutines must have ended
// but those that the options let be. It does not return.
func Main(m *testing.M, options ...goleak.Option) {
	status := m.Run()
	if status == 0 {
		if err := ended(options); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

func ended(options []goleak.Option) (err error) {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if err = goleak.Find(options...); err == nil {
			return nil
		}
	}
	return err
}
