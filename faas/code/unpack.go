package code

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"triptych/faas/function"
)

// stamp is the time that every unpacked file has: one that was written to later
// has another.
var stamp = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// onDisk is roughly what a file or folder of so many bytes takes of a disk.
func onDisk(size int64) int64 {
	const block = 4096
	return max(1, (size+block-1)/block) * block
}

// unpack verifies a blob and unpacks it into a folder that has no name yet. A
// function.Error says that the blob is bad; others are of this machine.
func (s *Store) unpack(ctx context.Context, d function.Digest, blob io.ReaderAt, size int64) (*folder, error) {
	entries, left, err := verify(ctx, d, blob, size)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.unpacked, 0o755); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.unpacked, half)
	if err != nil {
		return nil, err
	}
	f := &folder{digest: d, dir: dir}
	if err := f.fill(ctx, entries, left); err != nil {
		return nil, errors.Join(err, remove(dir))
	}
	return f, nil
}

// verify compares a blob with its digest and lists it, as Put has once done.
func verify(ctx context.Context, d function.Digest, blob io.ReaderAt, size int64) ([]entry, int64, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(blob, 0, size)); err != nil {
		return nil, 0, err
	}
	if got := function.Digest(h.Sum(nil)); got != d {
		return nil, 0, corrupt(d, fmt.Errorf("its SHA-256 is %s", got))
	}
	return contents(ctx, d, blob, size)
}

// contents lists a blob without looking at what its files hold.
func contents(ctx context.Context, d function.Digest, blob io.ReaderAt, size int64) ([]entry, int64, error) {
	r, err := zip.NewReader(blob, size)
	if err != nil {
		return nil, 0, corrupt(d, err)
	}
	left := int64(function.MaxUnzipped)
	entries, err := list(ctx, r, size, &left)
	if e, ok := errors.AsType[*function.Error](err); ok {
		err = corrupt(d, e)
	}
	return entries, left, err
}

// fill writes entries into the folder. Everybody may read, nobody may write,
// whatever the umask.
func (f *folder) fill(ctx context.Context, entries []entry, left int64) error {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	made := map[string]bool{}
	for _, e := range entries {
		if err := f.add(ctx, root, made, e, &left); err != nil {
			return err
		}
	}
	if f.seen, err = root.Lstat(bootstrap); err != nil {
		return err
	}
	f.size += onDisk(0)
	return root.Chmod(".", 0o755)
}

func (f *folder) add(ctx context.Context, root *os.Root, made map[string]bool, e entry, left *int64) error {
	dir := path.Dir(e.name)
	if e.mode.IsDir() {
		dir = e.name
	}
	if err := f.mkdir(root, made, dir); err != nil {
		return err
	}
	switch {
	case e.mode.IsDir():
		return nil
	case e.mode.Type() == fs.ModeSymlink:
		f.size += onDisk(0)
		return root.Symlink(e.target, e.name)
	}
	before := *left
	err := write(ctx, root, e, left)
	if ze, ok := errors.AsType[*function.Error](err); ok {
		err = corrupt(f.digest, ze)
	}
	f.size += onDisk(before - *left)
	return err
}

func (f *folder) mkdir(root *os.Root, made map[string]bool, dir string) error {
	if dir == "." || made[dir] {
		return nil
	}
	if err := f.mkdir(root, made, path.Dir(dir)); err != nil {
		return err
	}
	if err := root.Mkdir(dir, 0o755); err != nil {
		return err
	}
	made[dir] = true
	f.size += onDisk(0)
	return root.Chmod(dir, 0o755)
}

func write(ctx context.Context, root *os.Root, e entry, left *int64) error {
	w, err := root.OpenFile(e.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = e.inflate(ctx, w, left)
	if err == nil {
		err = w.Chmod(e.mode)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	return root.Chtimes(e.name, stamp, stamp)
}

// whole looks whether the folder is still as it was unpacked. The caller has
// the slot's turn.
func (s *Store) whole(ctx context.Context, f *folder) error {
	if f.seen == nil {
		return s.compare(context.WithoutCancel(ctx), f)
	}
	info, err := os.Lstat(filepath.Join(f.dir, bootstrap))
	if err == nil && !same(f.seen, info) {
		err = fmt.Errorf("%s is another file than was unpacked", bootstrap)
	}
	return err
}

// compare holds a folder that an earlier process left against its blob's list.
func (s *Store) compare(ctx context.Context, f *folder) error {
	blob, size, err := s.openBlob(f.digest)
	if err != nil {
		return err
	}
	defer blob.Close()
	entries, _, err := contents(ctx, f.digest, blob, size)
	if err != nil {
		return err
	}
	want := map[string]entry{}
	for _, e := range entries {
		want[e.name] = e
		for dir := path.Dir(e.name); dir != "."; dir = path.Dir(dir) {
			want[dir] = entry{mode: fs.ModeDir}
		}
	}
	fsys := os.DirFS(f.dir)
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return err
		}
		e, ok := want[name]
		if !ok {
			return fmt.Errorf("%s does not belong there", name)
		}
		delete(want, name)
		info, err := d.Info()
		if err != nil {
			return err
		}
		return e.resembles(filepath.Join(f.dir, name), info)
	})
	if err != nil {
		return err
	}
	for name := range want {
		return fmt.Errorf("%s is not there", name)
	}
	f.seen, err = os.Lstat(filepath.Join(f.dir, bootstrap))
	return err
}

// resembles looks whether a file is what was made of e, as far as can be seen
// without reading it.
func (e entry) resembles(path string, info fs.FileInfo) error {
	unchanged := info.Mode().Type() == e.mode.Type()
	switch {
	case !unchanged:
	case e.mode.IsRegular():
		unchanged = info.Mode() == e.mode && info.Size() == int64(e.file.UncompressedSize64) && info.ModTime().Equal(stamp)
	case e.mode.Type() == fs.ModeSymlink:
		target, err := os.Readlink(path)
		unchanged = err == nil && target == e.target
	}
	if !unchanged {
		return fmt.Errorf("%s was changed", path)
	}
	return nil
}
