package pgtest

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"triptych/internal/child"
	"triptych/internal/postgres"
)

// folders is where the private servers of tests keep their data.
const folders = "/tmp/triptych-pgtest-"

// fast settings risk data in a power cut, which tests can make again.
var fast = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
	"autovacuum":         "off",
	"shared_buffers":     "32MB",
}

// private starts the server of this test binary.
func private(ctx context.Context) (string, error) {
	s, err := start(ctx, fast)
	if err != nil {
		return "", err
	}
	return s.URL("postgres"), nil
}

func start(ctx context.Context, settings map[string]string) (*postgres.Server, error) {
	sweepFolders()
	dir, err := os.MkdirTemp("/tmp", filepath.Base(folders))
	if err != nil {
		return nil, err
	}
	if err := child.RemoveAtEnd(dir); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the server may run as somebody else
		return nil, err
	}
	return postgres.Start(ctx, postgres.Options{Dir: dir, Settings: settings})
}

// Server starts a server of t's own, with all its safety on, for tests that
// kill it.
func Server(t testing.TB) *postgres.Server {
	t.Helper()
	s, err := start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		os.RemoveAll(s.Dir())
	})
	return s
}

// sweepFolders removes what is left of a machine that lost power: otherwise
// each binary's folder goes when it ends. Nobody holds the lock of such a
// folder. A young one may be about to take it.
func sweepFolders() {
	found, _ := filepath.Glob(folders + "*")
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			continue // somebody else's
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			os.RemoveAll(dir)
		}
		f.Close()
	}
}
