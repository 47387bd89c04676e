// Package build makes the zip files that functions are deployed as: Go source is
// compiled as "sam build" does it for BuildMethod go1.x, a folder that holds a
// bootstrap is zipped with everything in it, and a zip file is taken as it is.
//
// The same source gives the same digest, on any machine and in any folder, with
// the same version of Go: so what has not changed need not be deployed again. A
// comment is no change as long as no line of code moves, since line numbers are
// in the program, for its stack traces.
package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/faas/function"
)

const bootstrap = "bootstrap" // the program of a function

// Options say how to build.
type Options struct {
	Architecture string // x86_64 or arm64; empty is this machine's
	Cache        string // a folder where programs are kept, to build only what changed; empty keeps none

	// Slow is called when the Go program at path takes longer to compile than
	// Patience, so that somebody who waits can be told why; nil is not.
	Slow     func(path string)
	Patience time.Duration
}

// A Zip is a function's code, ready to be deployed.
type Zip struct {
	Bytes  []byte
	Digest function.Digest // Digest.Base64 is Lambda's CodeSha256
	Kept   bool            // it comes from the cache
}

func newZip(b []byte) Zip { return Zip{Bytes: b, Digest: function.Sum(b)} }

// Package makes the zip file of the code at path, which is a folder or a zip
// file. What is wrong with it is an error that says what to do; errors of the
// compiler are as Go says them, each on its line.
func Package(ctx context.Context, path string, o Options) (Zip, error) {
	if o.Architecture == "" {
		o.Architecture = function.Arch()
	}
	z, err := o.pack(ctx, path)
	if err == nil && len(z.Bytes) > function.MaxZip {
		err = fmt.Errorf("the zip file has %d bytes, and Lambda takes %d: leave out what the function does not need", len(z.Bytes), function.MaxZip)
	}
	if err != nil {
		return Zip{}, fmt.Errorf("build %s: %w", path, err)
	}
	return z, nil
}

func (o Options) pack(ctx context.Context, path string) (Zip, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Zip{}, err
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return Zip{}, err
	case info.Mode().IsRegular() && filepath.Ext(path) == ".zip":
		return readZip(path)
	case !info.IsDir():
		return Zip{}, errors.New("it is neither a folder nor a zip file")
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return Zip{}, err
	}
	program := false
	for _, e := range entries {
		program = program || e.Name() == bootstrap
		if name := e.Name(); !e.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			return o.watched(path, func() (Zip, error) { return o.compile(ctx, path) })
		}
	}
	if !program {
		return Zip{}, errors.New("it holds neither Go files nor a file named bootstrap: put one of them there, or correct CodeUri")
	}
	return o.zipFolder(ctx, path)
}

// watched runs a compilation, and tells of one that is slow. It is not told any
// more once it has returned.
func (o Options) watched(path string, compile func() (Zip, error)) (Zip, error) {
	if o.Slow == nil {
		return compile()
	}
	told := make(chan struct{})
	slow := time.AfterFunc(o.Patience, func() {
		defer close(told)
		o.Slow(path)
	})
	z, err := compile()
	if !slow.Stop() {
		<-told
	}
	return z, err
}

// A Source is the code of one function of several.
type Source struct {
	Path         string // of a folder or a zip file
	Architecture string // as in Options
}

// All makes the zip files of several functions, in their order, at most
// GOMAXPROCS at a time, and by the same options but for the architecture. Slow
// gets their paths as they are here, one at a time. The errors of all of them
// are reported.
func All(ctx context.Context, sources []Source, o Options) ([]Zip, error) {
	zips := make([]Zip, len(sources))
	errs := make([]error, len(sources))
	first := map[Source]int{} // functions may share their code
	var telling sync.Mutex
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range sources {
		if _, ok := first[s]; ok {
			continue
		}
		first[s] = i
		g.Go(func() error {
			o := o
			o.Architecture = s.Architecture
			if slow := o.Slow; slow != nil {
				o.Slow = func(string) {
					telling.Lock()
					defer telling.Unlock()
					slow(s.Path)
				}
			}
			zips[i], errs[i] = Package(ctx, s.Path, o)
			return nil
		})
	}
	_ = g.Wait() // the errors are in errs
	for i, s := range sources {
		zips[i] = zips[first[s]]
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return zips, nil
}
