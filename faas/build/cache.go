package build

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"triptych/faas/function"
)

// A slot is where the cache keeps the zip of one folder and architecture: a
// single one, so that the cache does not grow. It is a file named
// SLOT/KEY-DIGEST.zip: the key says what it was made of, the digest that it is
// whole.
type slot struct{ root, name string }

// get returns the zip with that key, if the slot has it.
func (s slot) get(key string) (Zip, bool) {
	if s.root == "" {
		return Zip{}, false
	}
	found, _ := filepath.Glob(filepath.Join(quoteMeta(s.dir()), key+"-*.zip"))
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // removed by another build
		}
		if z := newZip(b); strings.Contains(filepath.Base(path), z.Digest.String()) {
			z.Kept = true
			return z, true
		}
	}
	return Zip{}, false
}

// put keeps a zip instead of the one before.
func (s slot) put(key string, z Zip) error {
	if s.root == "" {
		return nil
	}
	if err := s.write(key, z.Bytes, z.Digest); err != nil {
		return fmt.Errorf("keep what was built: %w", err)
	}
	return nil
}

func (s slot) write(key string, b []byte, d function.Digest) error {
	if err := os.MkdirAll(s.dir(), 0o755); err != nil {
		return err
	}
	// Whoever keeps the folder beside a template need not think of leaving it
	// out of what is committed.
	if err := os.WriteFile(filepath.Join(s.root, ".gitignore"), []byte("*\n"), 0o644); err != nil {
		return err
	}
	before, err := os.ReadDir(s.dir())
	if err != nil {
		return err
	}
	half, err := os.CreateTemp(s.dir(), halfMade)
	if err != nil {
		return err
	}
	defer os.Remove(half.Name()) // gone already when all went well
	_, err = half.Write(b)
	if e := half.Close(); err == nil {
		err = e
	}
	name := fmt.Sprintf("%s-%s.zip", key, d)
	if err == nil {
		err = os.Rename(half.Name(), filepath.Join(s.dir(), name))
	}
	if err != nil {
		return err
	}
	for _, e := range before {
		if e.Name() != name && !beingMade(e) {
			os.Remove(filepath.Join(s.dir(), e.Name())) // one that stays is only not used
		}
	}
	return nil
}

// halfMade begins the name of a zip that is being written.
const halfMade = "half-"

// beingMade tells whether another build may be writing a file just now.
func beingMade(e os.DirEntry) bool {
	info, err := e.Info()
	return err == nil && strings.HasPrefix(e.Name(), halfMade) && time.Since(info.ModTime()) < time.Hour
}

func (s slot) dir() string { return filepath.Join(s.root, s.name) }

// quoteMeta lets a path stand in a pattern.
func quoteMeta(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
