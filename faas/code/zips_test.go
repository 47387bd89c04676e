package code_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/function"
)

func with(files ...file) []file { return append([]file{program}, files...) }

// deep are n files with 500 folders of its own above each.
func deep(n int) []file {
	files := with()
	for i := range n {
		files = append(files, file{fmt.Sprint("f", i) + strings.Repeat("/a", 500), 0o644, ""})
	}
	return files
}

func TestZipsThatAreRefused(t *testing.T) {
	link := func(name, target string) file { return file{name, fs.ModeSymlink | 0o777, target} }
	for name, c := range map[string]struct {
		files []file
		want  string // of the sentence
	}{
		"nothing":               {nil, "no file bootstrap at its top"},
		"no bootstrap":          {[]file{{"main", 0o755, "x"}}, "name the program bootstrap"},
		"folder around":         {[]file{{"hello/bootstrap", 0o755, "x"}}, "without the folder around it"},
		"not executable":        {[]file{{"bootstrap", 0o644, "x"}}, "chmod 755 bootstrap"},
		"bootstrap a folder":    {[]file{{"bootstrap/", fs.ModeDir | 0o755, ""}}, "not a regular file"},
		"bootstrap in a folder": {[]file{{"bootstrap/x", 0o755, ""}}, "not a regular file"},
		"bootstrap a link":      {[]file{{"main", 0o755, "x"}, link("bootstrap", "main")}, "not a regular file"},

		"up":             {with(file{"../x", 0o644, "x"}), "leads out"},
		"down and up":    {with(file{"a/../../x", 0o644, "x"}), "leads out"},
		"folder up":      {with(file{"../", fs.ModeDir | 0o755, ""}), "leads out"},
		"absolute":       {with(file{"/etc/cron.d/x", 0o644, "x"}), "not a relative path"},
		"no name":        {with(file{"", 0o644, "x"}), "not a relative path"},
		"backslash":      {with(file{`..\x`, 0o644, "x"}), "use / between folders"},
		"zero byte":      {with(file{"a\x00b", 0o644, "x"}), "no path of Lambda's"},
		"long path":      {with(file{strings.Repeat("abc/", 300), fs.ModeDir | 0o755, ""}), "more than 1024 bytes"},
		"long name":      {with(file{strings.Repeat("a", 256), 0o644, ""}), "more than 255 bytes"},
		"twice":          {with(program), "more than once"},
		"twice, cleaned": {with(file{"./bootstrap", 0o644, "x"}), "more than once"},
		"file and folder": {with(file{"a", 0o644, "x"}, file{"a/", fs.ModeDir | 0o755, ""}),
			"more than once"},
		"beneath a file": {with(file{"a", 0o644, "x"}, file{"a/b", 0o644, "x"}), "not a folder"},
		"file above":     {with(file{"a/b", 0o644, "x"}, file{"a", 0o644, "x"}), "more than once"},

		"link to a path":         {with(link("a", "/etc/passwd")), "leads out"},
		"link up":                {with(link("a", "..")), "leads out"},
		"link up from below":     {with(link("d/a", "../../x")), "leads out"},
		"link down and up":       {with(link("a", "d/../../x")), "leads out"},
		"link by way of another": {with(link("d/e/top", "../.."), link("out", "d/e/top/..")), "leads out"},
		"empty link":             {with(link("a", "")), "leads out"},
		"link of a long path":    {with(link("a", strings.Repeat("a", 2000))), "more than 1024 bytes"},
		"file beneath a link":    {with(link("a", "d"), file{"a/x", 0o644, "x"}), "not a folder"},
		"link over a folder":     {with(file{"d/x", 0o644, "x"}, link("d", "e")), "more than once"},
		"pipe":                   {with(file{"p", fs.ModeNamedPipe | 0o644, ""}), "neither a file nor a folder"},
		"device":                 {with(file{"d", fs.ModeDevice | 0o644, ""}), "neither a file nor a folder"},

		"too many folders": {deep(132), "too many files and folders"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, zipped(t, c.files...), c.want) })
	}
}

// refused puts a zip that must not be taken, and looks that nothing is left of it.
func refused(t *testing.T, b []byte, want string) {
	t.Helper()
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	_, err := s.Put(t.Context(), b)
	e, ok := errors.AsType[*function.Error](err)
	if !ok || e.Type != "InvalidParameterValueException" || e.Status != 400 || !strings.Contains(e.Message, want) {
		t.Errorf("got %v, want a sentence with %q", err, want)
	}
	if left := names(t, filepath.Join(dir, "blobs")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestBytesThatAreRefused(t *testing.T) {
	whole := zipped(t, with(file{"data", 0o644, strings.Repeat("tea and coffee ", 1000)})...)
	mark := bytes.Index(whole, []byte("data")) + len("data")
	for name, c := range map[string]struct {
		bytes []byte
		want  string
	}{
		"nothing":   {nil, "not a zip file"},
		"a program": {[]byte(program.content), "not a zip file"},
		"half":      {whole[:len(whole)/2], "not a zip file"},
		"damaged":   {flip(whole, mark+20), `Could not unzip "data"`},
		"encrypted": {headers(t, func(h *zip.FileHeader) { h.Flags |= 1 }), "encrypted"},
		"unknown":   {headers(t, func(h *zip.FileHeader) { h.Method = 99 }), "unsupported compression"},
		"lie":       {headers(t, func(h *zip.FileHeader) { h.UncompressedSize64 = 1 }), "Could not unzip"},
		"beyond":    {headers(t, func(h *zip.FileHeader) { h.CompressedSize64 = 1 << 40 }), "overlap"},
		"bomb":      {bomb(t), "must be smaller than 262144000 bytes"},
		"too many":  {bytes.Repeat([]byte("PK\x01\x02"), 140_000), "too many files and folders"},
		"too large": {make([]byte, function.MaxZip+1), "it may have 52428800"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.bytes, c.want) })
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 0xff
	return b
}

// bomb is a small zip of a file that has more bytes than code may.
func bomb(t *testing.T) []byte {
	t.Helper()
	var block, b bytes.Buffer
	deflate, err := flate.NewWriter(&block, flate.BestSpeed)
	if err == nil {
		_, err = deflate.Write(make([]byte, 1<<20))
	}
	if err := errors.Join(err, deflate.Flush()); err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat(block.Bytes(), function.MaxUnzipped>>20+1)
	w := zip.NewWriter(&b)
	c, err := w.CreateRaw(&zip.FileHeader{Name: "bootstrap", Method: zip.Deflate, CompressedSize64: uint64(len(content)), UncompressedSize64: function.MaxUnzipped + 1<<20,
		CreatorVersion: 3 << 8, ExternalAttrs: 0o100755 << 16}) // made on Unix
	if err == nil {
		_, err = c.Write(content)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// headers is a zip whose program's header says something else than it should.
func headers(t *testing.T, change func(*zip.FileHeader)) []byte {
	t.Helper()
	whole := zipped(t, program)
	r, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := r.File[0].OpenRaw()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := r.File[0].FileHeader
	change(&h)
	c, err := w.CreateRaw(&h)
	if err == nil {
		_, err = io.Copy(c, raw)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsUnpackedIsReadableByAllAndWritableByNone(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	c := fetch(t, s, put(t, s,
		file{"bootstrap", 0o700 | fs.ModeSetuid, "x"}, file{"./a/data", 0o600, "x"}, file{"a/b/tool", 0o001, "x"},
		file{"empty/", fs.ModeDir | 0o700, ""}, file{"a/link", fs.ModeSymlink | 0o777, "../bootstrap"}, file{"up/dots", fs.ModeSymlink, "..data"},
	))
	defer c.Release()
	want := map[string]string{
		".": "drwxr-xr-x", "bootstrap": "-r-xr-xr-x", "a": "drwxr-xr-x", "a/data": "-r--r--r--", "a/b": "drwxr-xr-x", "a/b/tool": "-r-xr-xr-x",
		"empty": "drwxr-xr-x", "a/link": "-> ../bootstrap", "up": "drwxr-xr-x", "up/dots": "-> ..data",
	}
	if diff := cmp.Diff(want, modes(t, c.Dir)); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
}

// modes are the modes of all that is in a folder, or what a link names.
func modes(t testing.TB, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		got[name] = info.Mode().String()
		if target, err := os.Readlink(path); err == nil {
			got[name] = "-> " + target
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestPutEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, t.TempDir(), 1<<20).Put(ctx, zipped(t, program)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// FuzzPut takes any bytes: they are refused with a sentence, or can be fetched
// and lie inside their folder.
func FuzzPut(f *testing.F) {
	whole := zipped(f, with(file{"a/link", fs.ModeSymlink | 0o777, "../bootstrap"}, file{"a/data", 0o600, "tea"})...)
	f.Add(whole)
	f.Add(zippedBy(f, zip.Store, program))
	f.Add(zipped(f, with(file{"../x", 0o644, "x"})...))
	f.Add(flip(whole, len(whole)-30))
	dir := f.TempDir()
	s := open(f, filepath.Join(dir, "store"), 0)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := s.Put(t.Context(), b)
		if err != nil {
			if e, ok := errors.AsType[*function.Error](err); !ok || e.Status != 400 || e.Message == "" {
				t.Fatalf("got %v", err)
			}
			return
		}
		c := fetch(t, s, d)
		defer c.Release()
		if info, err := os.Lstat(c.Bootstrap); err != nil || info.Mode() != 0o555 {
			t.Errorf("bootstrap: %v, %v", info, err)
		}
		for name := range modes(t, c.Dir) {
			real, err := filepath.EvalSymlinks(filepath.Join(c.Dir, name))
			if err == nil && real != c.Dir && !strings.HasPrefix(real, c.Dir+"/") {
				t.Errorf("%s leads to %s", name, real)
			}
		}
		if got := names(t, dir); len(got) != 1 {
			t.Errorf("beside the store is %q", got)
		}
	})
}
