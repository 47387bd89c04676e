package pgtest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"triptych/internal/child"
	"triptych/internal/postgres"
)

// folders begins the names of the folders of private servers.
const folders = "triptych-pgtest-"

// roomy is the free memory from which data is kept there: with a container's
// usual 64 MB, or a machine that is short of it, the disk serves.
const roomy = 2 << 30

// place is where private servers keep their data. In memory, making the data
// takes a third of the time.
func place() string {
	var memory syscall.Statfs_t
	if syscall.Statfs("/dev/shm", &memory) == nil && memory.Bavail*uint64(memory.Bsize) > roomy {
		return "/dev/shm"
	}
	return "/tmp"
}

// fast settings risk data in a power cut, which tests can make again.
var fast = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
	"autovacuum":         "off",
	"shared_buffers":     "32MB",

	"dynamic_shared_memory_type": "mmap", // in the folder, and gone with it
}

// private starts the server of this test binary.
func private(ctx context.Context) (string, error) {
	sweepFolders()
	dir, err := newFolder()
	if err != nil {
		return "", err
	}
	s, err := postgres.Start(ctx, postgres.Options{Dir: dir, Settings: fast})
	if err != nil {
		return "", err
	}
	return s.URL("postgres"), nil
}

// newFolder makes a folder that goes when this binary ends, however it ends.
// Everybody can reach it: the server may run as somebody else.
func newFolder() (string, error) {
	dir, err := os.MkdirTemp(place(), folders)
	if err != nil {
		return "", err
	}
	return dir, errors.Join(child.RemoveAtEnd(dir), os.Chmod(dir, 0o755))
}

// Folder returns an empty folder for the data of a private server that t
// starts itself, or has a program start: unlike t.TempDir, one that the
// server's user can reach.
func Folder(t testing.TB) string {
	t.Helper()
	dir, err := newFolder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// sweepFolders removes what is left of a machine that lost power: otherwise
// each binary's folder goes when it ends. Nobody holds the lock of such a
// folder; a young one may be between two servers.
func sweepFolders() {
	found, _ := filepath.Glob(filepath.Join(place(), folders+"*"))
	for _, dir := range found {
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || time.Since(info.ModTime()) < time.Hour {
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
