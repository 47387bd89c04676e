package build

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"triptych/faas/function"
)

// epoch is when everything in a zip was changed: the first day that the format
// knows.
var epoch = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// stored is how many bytes are put into a zip as they are. Lambda takes twice
// that; and a first cold start, which unpacks them, takes a third of the time.
const stored = function.MaxZip / 2

// A file is one entry of a zip.
type file struct {
	name string // in the zip, with slashes; a folder's ends with one
	path string // on disk; symbolic links have been followed
	mode fs.FileMode
	size int64
}

// zipFiles makes a zip of files, in their order.
func zipFiles(ctx context.Context, files []file) (Zip, error) {
	size := int64(0)
	for _, f := range files {
		if size += f.size; size > function.MaxUnzipped {
			return Zip{}, errTooLarge
		}
	}
	method := zip.Deflate
	if size <= stored {
		method = zip.Store
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return Zip{}, err
		}
		if err := f.addTo(w, method); err != nil {
			return Zip{}, err
		}
		if b.Len() > function.MaxZip {
			return Zip{}, fmt.Errorf("the zip file has more than %d bytes, which is all that Lambda takes: leave out what the function does not need", function.MaxZip)
		}
	}
	if err := w.Close(); err != nil {
		return Zip{}, err
	}
	return newZip(b.Bytes()), nil
}

func (f file) addTo(z *zip.Writer, method uint16) error {
	h := &zip.FileHeader{Name: f.name, Method: method, Modified: epoch}
	h.SetMode(f.mode)
	if f.mode.IsDir() {
		h.Method = zip.Store
	}
	w, err := z.CreateHeader(h)
	if err != nil || f.mode.IsDir() {
		return err
	}
	r, err := os.Open(f.path)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(w, r)
	if err == nil && n != f.size {
		err = fmt.Errorf("%s was changed while it was read: build again", f.path)
	}
	return err
}

var errTooLarge = fmt.Errorf("it has more than %d bytes unzipped, which is all that Lambda takes: leave out what the function does not need", function.MaxUnzipped)

// readZip takes a zip file as it is, when Lambda would.
func readZip(path string) (Zip, error) {
	b, err := readAtMost(path, function.MaxZip)
	if err != nil {
		return Zip{}, err
	}
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return Zip{}, fmt.Errorf("it is not a zip file that can be read (%w): zip it again", err)
	}
	var program fs.FileMode
	size, found := uint64(0), false
	for _, f := range r.File {
		if f.Name == bootstrap {
			program, found = f.Mode(), true
		}
		if size += min(f.UncompressedSize64, function.MaxUnzipped+1); size > function.MaxUnzipped {
			return Zip{}, errTooLarge
		}
	}
	switch {
	case !found:
		return Zip{}, errors.New("it has no file bootstrap at its top: name the program that, and zip it without the folder around it")
	case !program.IsRegular() || program&0o111 == 0:
		return Zip{}, errors.New("bootstrap in it is not executable: chmod 755 bootstrap and zip it again")
	}
	return newZip(b), nil
}

func readAtMost(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err == nil && len(b) > most {
		err = fmt.Errorf("it has more than %d bytes, which is all that Lambda takes: leave out what the function does not need", most)
	}
	return b, err
}
