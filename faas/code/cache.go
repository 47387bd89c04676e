package code

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"triptych/faas/function"
)

const (
	// half begins the names of what is being made, or being removed.
	half = ".half-"

	// bootID holds the boot of the machine in which the cache was filled.
	bootID = ".boot"

	kernelBootID = "/proc/sys/kernel/random/boot_id"
)

// A Code is a function's code on this machine. It stays until Release.
type Code struct {
	Dir       string // LAMBDA_TASK_ROOT; everybody may read it
	Bootstrap string // the program in it

	store  *Store
	folder *folder
	done   bool // of store.mu
}

// A slot is the place of one digest in the cache. Slots stay: a digest is known
// for as long as the process runs.
type slot struct {
	turn   chan struct{} // whoever has put something in may check, unpack, or replace
	folder *folder       // nil when there is none; of Store.mu

	blob fs.FileInfo // the blob that was found bad, and how; of whoever has the turn
	bad  error
}

// A folder is one unpacked zip. All is guarded by Store.mu, except seen.
type folder struct {
	digest  function.Digest
	dir     string
	size    int64
	used    time.Time
	holders int
	retired bool // no slot has it: it goes when nobody holds it

	seen fs.FileInfo // bootstrap, when it was known to be whole; of whoever has the turn
}

// openCache takes over what an earlier process unpacked. Folders are not synced
// to disk, which would cost a cold start more than all else: after a crash of
// the machine they may hold anything, so only those of this boot are kept. On a
// machine that does not tell its boots apart none are.
func (s *Store) openCache() error {
	boot, err := os.ReadFile(kernelBootID)
	known, _ := os.ReadFile(filepath.Join(s.opts.Unpacked, bootID))
	trusted := err == nil && string(boot) == string(known)
	entries, err := os.ReadDir(s.opts.Unpacked)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(s.opts.Unpacked, e.Name())
		var d function.Digest
		switch whole := d.UnmarshalText([]byte(e.Name())) == nil; {
		case trusted && whole && e.IsDir():
			err = s.adopt(d, path)
		case whole || strings.HasPrefix(e.Name(), half):
			err = remove(path)
		}
		if err != nil {
			return err
		}
	}
	if !trusted {
		if err := os.WriteFile(filepath.Join(s.opts.Unpacked, bootID), boot, 0o644); err != nil {
			return err
		}
	}
	return s.evict()
}

func (s *Store) adopt(d function.Digest, dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	f := &folder{digest: d, dir: dir, used: info.ModTime()}
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			f.size += onDisk(info.Size())
		}
		return err
	})
	s.slot(d).folder = f
	s.total += f.size
	return err
}

func (s *Store) slot(d function.Digest) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.slots[d]
	if sl == nil {
		sl = &slot{turn: make(chan struct{}, 1)}
		s.slots[d] = sl
	}
	return sl
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
	dir := filepath.Join(s.opts.Unpacked, f.digest.String())
	if err := os.Rename(f.dir, dir); err != nil {
		return nil, err
	}
	f.dir, f.used = dir, time.Now()
	sl.folder = f
	s.total += f.size
	return s.take(f), nil
}

// retire takes a folder from its slot and out of the way of the next one.
// Called with mu held, it returns what is to be removed without it, by the
// caller or, while somebody holds the folder, by the last Release.
func (s *Store) retire(f *folder) string {
	if f.retired {
		return ""
	}
	f.retired = true
	s.slots[f.digest].folder = nil
	s.total -= f.size
	aside := filepath.Join(s.opts.Unpacked, half+rand.Text())
	if os.Rename(f.dir, aside) != nil {
		aside = "" // it is gone, or will be in the way of the next one and be said so
	}
	f.dir = aside
	return aside
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
	over := s.total > s.opts.Cache
	s.mu.Unlock()
	err := remove(old)
	if last && over {
		err = errors.Join(err, s.evict())
	}
	if err != nil {
		slog.Warn("unpacked code is in nobody's use and cannot be removed", "err", err)
	}
}

// evict removes the folders that were not used for longest, until the rest fits
// or is held.
func (s *Store) evict() error {
	var old []string
	s.mu.Lock()
	for s.total > s.opts.Cache {
		var oldest *folder
		for _, sl := range s.slots {
			if f := sl.folder; f != nil && f.holders == 0 && (oldest == nil || f.used.Before(oldest.used)) {
				oldest = f
			}
		}
		if oldest == nil {
			break
		}
		old = append(old, s.retire(oldest))
	}
	s.mu.Unlock()
	return removeAll(old)
}

// prune removes the folders that nobody holds and whose blobs are gone.
func (s *Store) prune() error {
	var old []string
	s.mu.Lock()
	for d, sl := range s.slots {
		if sl.folder == nil || sl.folder.holders > 0 {
			continue
		}
		if _, err := os.Stat(s.blob(d)); errors.Is(err, fs.ErrNotExist) {
			old = append(old, s.retire(sl.folder))
		}
	}
	s.mu.Unlock()
	return removeAll(old)
}

func removeAll(paths []string) error {
	var errs []error
	for _, path := range paths {
		errs = append(errs, remove(path))
	}
	return errors.Join(errs...)
}

func remove(path string) error {
	if path == "" {
		return nil
	}
	return os.RemoveAll(path)
}

// same tells whether a file has not been touched between two looks at it.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.Mode() == b.Mode() && a.ModTime().Equal(b.ModTime())
}
