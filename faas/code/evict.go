package code

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// evict removes the folders that were not used for longest, until the rest fits
// or is held.
func (s *Store) evict() error {
	var old []string
	s.mu.Lock()
	for s.total > s.cache {
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
	aside := filepath.Join(s.unpacked, half+rand.Text())
	if os.Rename(f.dir, aside) != nil {
		aside = "" // it is gone, or will be in the way of the next one and be said so
	}
	f.dir = aside
	return aside
}
