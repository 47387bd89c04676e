package code

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"io"
	"io/fs"

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
	r, err := zip.NewReader(inMemory{bytes.NewReader(b), b}, int64(len(b)))
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

// inMemory is a zip that need not be read to be had.
type inMemory struct {
	*bytes.Reader
	all []byte
}

// maxInflated is how many compressed bytes are taken into memory at a time.
const maxInflated = 16 << 20

// inflater takes a file's compressed bytes into memory first, unless they are
// there: with that, and not being the standard library's, it takes little more
// than half the time, which is most of what a first cold start waits for. Of
// the largest it takes a part at a time. None claims more bytes than the zip has.
func inflater(r io.Reader) io.ReadCloser {
	s, ok := r.(*io.SectionReader)
	if !ok || s.Size() > function.MaxZip {
		return flate.NewReader(r)
	}
	if zip, from, size := s.Outer(); from >= 0 {
		if m, ok := zip.(inMemory); ok && from+size <= int64(len(m.all)) {
			return flate.NewReader(bytes.NewReader(m.all[from : from+size]))
		}
	}
	if s.Size() > maxInflated {
		return flate.NewReader(bufio.NewReaderSize(s, 1<<20))
	}
	b := make([]byte, s.Size())
	n, err := io.ReadFull(s, b)
	if err == nil || err == io.ErrUnexpectedEOF {
		return flate.NewReader(bytes.NewReader(b[:n]))
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
