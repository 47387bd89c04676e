package code

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"

	"triptych/faas/function"
)

const (
	bootstrap = "bootstrap"

	// maxFiles is how many files and folders code may have: as many as a zip
	// file of the first format. Bytes alone do not bound what they cost a disk.
	maxFiles = 65535

	maxPath    = 1024 // bytes
	maxElement = 255  // bytes of one name in a path, as file systems have it
	maxTarget  = 1024 // bytes of what a symbolic link names

	// entryMark begins each entry of a zip's list of contents.
	entryMark = "PK\x01\x02"
)

// An entry is a file, a folder or a symbolic link of a zip, at a place that was
// found to be inside.
type entry struct {
	name   string
	mode   fs.FileMode // 0555, 0444, or a type
	target string      // of a symbolic link
	file   *zip.File
}

// check says what Lambda, or this runner, would not take of a zip.
func check(ctx context.Context, b []byte) error {
	if len(b) > function.MaxZip {
		return function.Invalid("The zip file has %d bytes: it may have %d", len(b), function.MaxZip)
	}
	// Twice as many, for zips within the zip. A list of a million names would
	// take more memory to read than it has bytes.
	if bytes.Count(b, []byte(entryMark)) > 2*maxFiles {
		return tooMany()
	}
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return function.Invalid("Could not unzip the uploaded file: it is not a zip file. Put the program, named %s, into a zip file and deploy that", bootstrap)
	}
	left := int64(function.MaxUnzipped)
	entries, err := list(ctx, r, int64(len(b)), &left)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.mode.IsRegular() {
			continue
		}
		if err := e.inflate(ctx, io.Discard, &left); err != nil {
			return err
		}
	}
	return nil
}

func tooMany() error {
	return function.Invalid("The zip file has too many files and folders: there may be %d", maxFiles)
}

// list reads what a zip holds, and refuses what could get out of its folder or
// cannot be run.
func list(ctx context.Context, r *zip.Reader, size int64, left *int64) ([]entry, error) {
	r.RegisterDecompressor(zip.Deflate, inflater)
	tree := map[string]fs.FileMode{} // every name, and the folders above it
	entries := make([]entry, 0, len(r.File))
	room := size
	for _, f := range r.File {
		e, err := newEntry(ctx, f, left)
		if err != nil {
			return nil, err
		}
		if e.name == "." {
			continue
		}
		if err := e.grow(tree); err != nil {
			return nil, err
		}
		entries = append(entries, e)
		if room -= int64(min(f.CompressedSize64, function.MaxZip+1)); room < 0 {
			return nil, function.Invalid("Could not unzip the uploaded file: files in it overlap. Zip the code again")
		}
	}
	switch mode, ok := tree[bootstrap]; {
	case !ok:
		return nil, function.Invalid("The zip file has no file %s at its top: name the program %s, and zip it without the folder around it", bootstrap, bootstrap)
	case !mode.IsRegular():
		return nil, function.Invalid("%s in the zip file is not a regular file: put the program itself there", bootstrap)
	case mode&0o111 == 0:
		return nil, function.Invalid("%s in the zip file is not executable: chmod 755 %s before you zip it; a zip made on Windows needs a tool that sets the mode, as faas build does", bootstrap, bootstrap)
	}
	return entries, nil
}

func newEntry(ctx context.Context, f *zip.File, left *int64) (entry, error) {
	name, err := inside(f.Name)
	if err != nil {
		return entry{}, err
	}
	e := entry{name: name, file: f}
	switch mode := f.Mode(); {
	case mode.IsDir() || strings.HasSuffix(f.Name, "/"):
		e.mode = fs.ModeDir
	case mode.Type() == fs.ModeSymlink:
		e.mode = fs.ModeSymlink
		e.target, err = e.readTarget(ctx, left)
	case mode.IsRegular() && mode&0o111 != 0:
		e.mode = 0o555
	case mode.IsRegular():
		e.mode = 0o444
	default:
		err = function.Invalid("%q in the zip file is neither a file nor a folder nor a symbolic link: leave it out", f.Name)
	}
	if f.Flags&1 != 0 {
		err = function.Invalid("%q in the zip file is encrypted: zip it without a password", f.Name)
	}
	return e, err
}

// inside cleans a name of a zip, unless it could mean a place outside.
func inside(name string) (string, error) {
	refuse := func(why string) (string, error) {
		return "", function.Invalid("%.100q in the zip file %s", name, why)
	}
	switch {
	case strings.ContainsAny(name, "\\\x00"):
		return refuse("has a character that no path of Lambda's may have: use / between folders")
	case name == "" || name[0] == '/':
		return refuse("is not a relative path: zip the files with paths that begin at the top of the code")
	case len(name) > maxPath:
		return refuse(fmt.Sprintf("is a path of more than %d bytes: make it shorter", maxPath))
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "..":
			return refuse("leads out of the code's folder: zip the files with paths that stay inside")
		case len(part) > maxElement:
			return refuse(fmt.Sprintf("has a name of more than %d bytes: make it shorter", maxElement))
		}
	}
	return path.Clean(name), nil
}

// grow enters e into the tree. No name may stand there twice, or beneath
// anything but folders; so a path in the tree has no symbolic link on its way.
func (e entry) grow(tree map[string]fs.FileMode) error {
	for dir := path.Dir(e.name); dir != "."; dir = path.Dir(dir) {
		if mode, ok := tree[dir]; ok && !mode.IsDir() {
			return function.Invalid("%q in the zip file lies beneath %q, which is not a folder", e.name, dir)
		}
		tree[dir] = fs.ModeDir
	}
	if mode, ok := tree[e.name]; ok && !(mode.IsDir() && e.mode.IsDir()) {
		return function.Invalid("%q is in the zip file more than once: leave one", e.name)
	}
	tree[e.name] = e.mode
	if len(tree) > maxFiles {
		return tooMany()
	}
	return nil
}

// readTarget reads what a symbolic link names. Steps up may only stand in front
// and not lead out: with the folders above e being real ones, whatever links
// follow, the way stays inside.
func (e entry) readTarget(ctx context.Context, left *int64) (string, error) {
	if e.file.UncompressedSize64 > maxTarget {
		return "", function.Invalid("The symbolic link %q in the zip file names a path of more than %d bytes: make it shorter", e.name, maxTarget)
	}
	var b strings.Builder
	if err := e.inflate(ctx, &b, left); err != nil {
		return "", err
	}
	target := b.String()
	up := strings.Count(e.name, "/")
	rest := target
	for rest == ".." || strings.HasPrefix(rest, "../") {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, ".."), "/")
		up--
	}
	if target == "" || target[0] == '/' || up < 0 || strings.Contains("/"+rest+"/", "/../") || strings.ContainsRune(target, 0) {
		return "", function.Invalid("The symbolic link %q in the zip file leads out of the code's folder: have it name a file inside by a relative path", e.name)
	}
	return target, nil
}

// inflate writes a file's content to w and takes its bytes from left. What the
// zip says of sizes is not believed.
func (e entry) inflate(ctx context.Context, w io.Writer, left *int64) error {
	r, err := e.file.Open()
	if err != nil {
		return unreadable(e.name, err)
	}
	defer r.Close()
	n, err := io.Copy(w, &source{ctx: ctx, r: r, left: *left, name: e.name})
	*left -= n
	return err
}

// inflater takes a file's compressed bytes into memory first: with that, and not
// being the standard library's, it takes little more than half the time, which
// is most of what a first cold start waits for. None claims more bytes than the
// zip has.
func inflater(r io.Reader) io.ReadCloser {
	if s, ok := r.(*io.SectionReader); ok && s.Size() <= function.MaxZip {
		b := make([]byte, s.Size())
		n, err := io.ReadFull(s, b)
		if err == nil || err == io.ErrUnexpectedEOF {
			return flate.NewReader(bytes.NewReader(b[:n]))
		}
	}
	return flate.NewReader(r)
}

func unreadable(name string, err error) error {
	e := function.Invalid("Could not unzip %q of the uploaded file: %v. Zip the code again", name, err)
	e.Err = err
	return e
}

// A source reads from a zip. Its own errors are those of the zip, so that those
// of the other side can be told apart.
type source struct {
	ctx  context.Context
	r    io.Reader
	left int64
	name string
}

func (s *source) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(b)
	if s.left -= int64(n); s.left < 0 {
		return 0, function.Invalid("Unzipped size must be smaller than %d bytes", function.MaxUnzipped)
	}
	if err != nil && err != io.EOF {
		err = unreadable(s.name, err)
	}
	return n, err
}
