package api

import (
	"context"
	"crypto/subtle"
	"io"
	"net/http"
	"strconv"
	"time"

	"triptych/faas/function"
)

const (
	// codePath is where code can be had, as Lambda gives it out by S3.
	codePath = "/_/code/"

	codeValid = 10 * time.Minute // as long as a link of Lambda's

	// maxStorage is how many bytes all code may take, as on Lambda.
	maxStorage = 75 << 30
)

// newCode is how code comes: as a zip file in the request.
type newCode struct {
	ZipFile                                                     []byte
	S3Bucket, S3Key, S3ObjectVersion, ImageUri, SourceKMSKeyArn string
}

// put keeps it, and notes it in a configuration.
func (s *server) put(ctx context.Context, c newCode) (function.Digest, error) {
	switch {
	case c.ImageUri != "":
		return function.Digest{}, function.Invalid("Code comes from an image: this runner runs zip files, give ZipFile")
	case c.S3Bucket+c.S3Key+c.S3ObjectVersion != "":
		return function.Digest{}, function.Invalid("Code comes from S3, which this runner does not have: give ZipFile")
	case c.SourceKMSKeyArn != "":
		return function.Digest{}, function.Invalid("SourceKMSKeyArn is not supported: the runner does not encrypt what it keeps")
	case len(c.ZipFile) == 0:
		return function.Digest{}, function.Invalid("There is no code: give ZipFile, a zip file in base64 with a program named bootstrap")
	case s.storage()+int64(len(c.ZipFile)) > maxStorage:
		return function.Digest{}, function.CodeStorageExceeded()
	}
	return s.runner.Code.Put(ctx, c.ZipFile)
}

// storage is how many bytes the code of all versions takes.
func (s *server) storage() int64 {
	var sum int64
	for _, f := range s.runner.Registry.All() {
		sum += f.Latest.CodeSize
		for _, c := range f.Versions {
			sum += c.CodeSize
		}
	}
	return sum
}

// location is a link to code for everybody who has it, for a while.
func (s *server) location(r *http.Request, d function.Digest) string {
	expires := strconv.FormatInt(s.o.Now().Add(codeValid).Unix(), 10)
	return "http://" + r.Host + codePath + d.String() + "?Expires=" + expires + "&Signature=" + s.seal(d.String(), expires)
}

func (s *server) seal(digest, expires string) string {
	return s.runner.Seal("code " + digest + " until " + expires)
}

// download answers with the zip file behind a link.
func (s *server) download(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	digest, expires := r.PathValue("digest"), q.Get("Expires")
	until, _ := strconv.ParseInt(expires, 10, 64)
	genuine := subtle.ConstantTimeCompare([]byte(q.Get("Signature")), []byte(s.seal(digest, expires))) == 1
	if !genuine || s.o.Now().Unix() > until {
		return function.Denied("This link to code is not valid any more: get the function to have a new one")
	}
	var d function.Digest
	if err := d.UnmarshalText([]byte(digest)); err != nil {
		return err
	}
	zip, size, err := s.runner.Code.Zip(d)
	if err != nil {
		return err
	}
	defer zip.Close()
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	_, _ = io.Copy(w, zip)
	return nil // a client that has gone does not want it
}
