package code

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"triptych/faas/function"
)

// A Code is a function's code on this machine. It stays until Release.
type Code struct {
	Dir       string // LAMBDA_TASK_ROOT; everybody may read it
	Bootstrap string // the program in it

	store  *Store
	folder *folder
	done   bool // of store.mu
}

// Fetch returns code ready to run, and unpacks it unless this machine has it
// already; several who want the same wait for one. Before it is unpacked, the
// blob is verified against its digest. A folder that is there is looked at only
// as far as is cheap: all names, sizes, modes and times against the zip's list
// at the first Fetch of a process, those of bootstrap at each; one that was
// changed is unpacked anew. Code that is missing or damaged in the data store
// is an InvalidZipFileException.
func (s *Store) Fetch(ctx context.Context, d function.Digest) (*Code, error) {
	sl := s.slot(d)
	select {
	case sl.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("fetch code %s: %w", d, ctx.Err())
	}
	defer func() { <-sl.turn }()
	if c := s.hold(sl); c != nil {
		err := s.whole(ctx, c.folder)
		if err == nil {
			return c, nil
		}
		slog.WarnContext(ctx, "unpacked code was changed, and is unpacked anew", "code", d.String(), "err", err)
		s.mu.Lock()
		s.retire(c.folder) // held: removed by the last Release
		s.mu.Unlock()
		c.Release()
	}
	return s.load(ctx, sl, d)
}

// hold takes the folder that a slot has, if any.
func (s *Store) hold(sl *slot) *Code {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl.folder == nil {
		return nil
	}
	return s.take(sl.folder)
}

func (s *Store) take(f *folder) *Code {
	f.holders++
	return &Code{Dir: f.dir, Bootstrap: filepath.Join(f.dir, bootstrap), store: s, folder: f}
}

// load unpacks a blob into its slot, whose turn the caller has.
func (s *Store) load(ctx context.Context, sl *slot, d function.Digest) (*Code, error) {
	blob, size, err := s.openBlob(d)
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	info, err := blob.Stat()
	if err != nil {
		return nil, fmt.Errorf("fetch code %s: %w", d, err)
	}
	if sl.bad != nil && same(sl.blob, info) {
		return nil, sl.bad // a caller who insists must not have it read again and again
	}
	f, err := s.unpack(ctx, d, blob, size)
	if e, ok := errors.AsType[*function.Error](err); ok {
		sl.blob, sl.bad = info, e
		return nil, e
	}
	if err != nil {
		return nil, fmt.Errorf("fetch code %s: %w", d, err)
	}
	sl.bad = nil
	c, err := s.enter(sl, f)
	if err != nil {
		return nil, fmt.Errorf("fetch code %s: %w", d, errors.Join(err, remove(f.dir)))
	}
	if err := s.evict(); err != nil {
		slog.WarnContext(ctx, "unpacked code is in nobody's use and cannot be removed", "err", err)
	}
	return c, nil
}

// enter gives an unpacked folder its name and its slot.
func (s *Store) enter(sl *slot, f *folder) (*Code, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := filepath.Join(s.unpacked, f.digest.String())
	if err := os.Rename(f.dir, dir); err != nil {
		return nil, err
	}
	f.dir, f.used = dir, time.Now()
	sl.folder = f
	s.total += f.size
	return s.take(f), nil
}

// Release lets go of the code. More than once is once.
func (c *Code) Release() {
	s, f := c.store, c.folder
	s.mu.Lock()
	if c.done {
		s.mu.Unlock()
		return
	}
	c.done = true
	f.holders--
	last := f.holders == 0
	var old string
	if last {
		f.used = time.Now()
		if f.retired {
			old = f.dir
		} else {
			os.Chtimes(f.dir, time.Time{}, f.used) // for the next process: not worth an error
		}
	}
	over := s.total > s.cache
	s.mu.Unlock()
	err := remove(old)
	if last && over {
		err = errors.Join(err, s.evict())
	}
	if err != nil {
		slog.Warn("unpacked code is in nobody's use and cannot be removed", "err", err)
	}
}

// same tells whether a file has not been touched between two looks at it.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime())
}
