// Package code keeps the code of functions by content address: a blob is a zip
// file named by its SHA-256, and what it holds is unpacked once per machine
// into a folder that instances run from. Blobs are the data store, and durable;
// unpacked folders are a cache, bounded, and can be made again from the blobs.
//
// A blob or a folder has its name only when it is whole: each is made under
// another name and renamed. What a process that was killed left half done is
// removed by the next Open.
package code

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"triptych/faas/function"
)

const (
	// young is how long a blob is kept without a version that needs it:
	// between Put and the entry in the registry, Collect must not take it.
	young = 10 * time.Minute

	suffix = ".zip"
)

// A Store keeps code. One process at a time may have it open.
type Store struct {
	blobs    string // the data store
	unpacked string // this machine's cache
	cache    int64  // bytes that the folders in unpacked may take

	mu    sync.Mutex // of all below, of the names in unpacked, and of blobs' replacement
	slots map[function.Digest]*slot
	total int64 // bytes of all folders that slots have
}

// Open opens the code under dir: dir/blobs/<sha256>.zip, and
// dir/unpacked/<sha256>/ for at most cache bytes. Both are made when they are not
// there; the folders above must be open to the users that functions run as. The
// cache is passed only by what is held and what is just being unpacked.
func Open(dir string, cache int64) (*Store, error) {
	s := &Store{
		blobs:    filepath.Join(dir, "blobs"),
		unpacked: filepath.Join(dir, "unpacked"),
		cache:    cache,
		slots:    map[function.Digest]*slot{},
	}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open the code store: %w", err)
	}
	return s, nil
}

func (s *Store) open() error {
	// unpacked first: the folder that both are in is open to functions' users.
	if err := os.MkdirAll(s.unpacked, 0o755); err != nil {
		return err
	}
	if info, err := os.Stat(s.unpacked); err == nil && info.Mode()&0o755 != 0o755 {
		if err := os.Chmod(s.unpacked, 0o755); err != nil { // the umask was strict
			return err
		}
	}
	if err := os.MkdirAll(s.blobs, 0o700); err != nil { // no function's business
		return err
	}
	entries, err := os.ReadDir(s.blobs)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), half) {
			if err := os.Remove(filepath.Join(s.blobs, e.Name())); err != nil {
				return err
			}
		}
	}
	return s.openCache()
}

func (s *Store) blob(d function.Digest) string {
	return filepath.Join(s.blobs, d.String()+suffix)
}

// Put checks a zip file and keeps it; when it returns, the code is on disk. The
// same code twice is one blob, and a blob that has gone bad is mended by it.
// What is wrong with the zip is an InvalidParameterValueException, as Lambda's
// CreateFunction and UpdateFunctionCode answer.
func (s *Store) Put(ctx context.Context, zip []byte) (function.Digest, error) {
	if err := check(ctx, zip); err != nil {
		return function.Digest{}, err
	}
	d := function.Sum(zip)
	if err := s.write(d, zip); err != nil {
		return function.Digest{}, fmt.Errorf("put code %s: %w", d, err)
	}
	return d, nil
}

func (s *Store) write(d function.Digest, zip []byte) error {
	f, err := os.CreateTemp(s.blobs, half)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is none
	_, err = f.Write(zip)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	s.mu.Lock() // Collect looks how old a blob is and removes it in one step
	err = os.Rename(f.Name(), s.blob(d))
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return syncFolder(s.blobs)
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Zip opens a blob as it was put, and says how many bytes it has. Its content
// is not verified.
func (s *Store) Zip(d function.Digest) (io.ReadCloser, int64, error) {
	return s.openBlob(d)
}

func (s *Store) openBlob(d function.Digest) (*os.File, int64, error) {
	f, err := os.Open(s.blob(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, missing(d)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("open code %s: %w", d, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, fmt.Errorf("open code %s: %w", d, err)
	}
	return f, info.Size(), nil
}

// Collect removes the blobs that no version needs, and what was unpacked from
// them unless somebody holds it. It keeps what was put in the last ten minutes:
// its version may be about to be registered.
func (s *Store) Collect(live func(function.Digest) bool) error {
	entries, err := os.ReadDir(s.blobs)
	errs := []error{err}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		var d function.Digest
		if ok && d.UnmarshalText([]byte(name)) == nil && !live(d) {
			errs = append(errs, s.collect(d))
		}
	}
	errs = append(errs, s.prune())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("collect code: %w", err)
	}
	return nil
}

func (s *Store) collect(d function.Digest) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(s.blob(d))
	if err != nil || time.Since(info.ModTime()) < young {
		return err
	}
	return os.Remove(s.blob(d))
}

func missing(d function.Digest) error {
	return function.InvalidZip("The code of this function (CodeSha256 %s) is missing from the runner's store: deploy the function again", d.Base64())
}

func corrupt(d function.Digest, why error) error {
	err := function.InvalidZip("The code of this function (CodeSha256 %s) is damaged in the runner's store: deploy the function again", d.Base64())
	err.Err = why
	return err
}
