package code

import (
	"io/fs"
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
	known, _ := os.ReadFile(filepath.Join(s.unpacked, bootID))
	trusted := err == nil && string(boot) == string(known)
	entries, err := os.ReadDir(s.unpacked)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(s.unpacked, e.Name())
		var d function.Digest
		named := d.UnmarshalText([]byte(e.Name())) == nil
		if named && trusted && s.adopt(d, path) == nil {
			continue
		}
		if named || strings.HasPrefix(e.Name(), half) {
			if err := remove(path); err != nil {
				return err
			}
		}
	}
	if !trusted {
		if err := os.WriteFile(filepath.Join(s.unpacked, bootID), boot, 0o644); err != nil {
			return err
		}
	}
	return s.evict()
}

// adopt enters a folder that Fetch will look at when it is wanted.
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
	if err == nil {
		s.slot(d).folder = f
		s.total += f.size
	}
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
