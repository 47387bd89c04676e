package build

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"triptych/faas/function"
)

// goArch is what Go calls Lambda's architectures.
var goArch = map[string]string{"x86_64": "amd64", "arm64": "arm64"}

// lambda.norpc leaves out what aws-lambda-go needs for AWS's former Go runtime;
// AWS recommends it.
const tags = "lambda.norpc"

// stopDelay is how long go may take to end when it is told to.
const stopDelay = 5 * time.Second

// A target is one program that is compiled: a folder with Go files, and for
// what.
type target struct {
	dir string
	env []string
}

// compile builds the Go program in dir and zips it, unless the cache has it.
func (o Options) compile(ctx context.Context, dir string) (Zip, error) {
	arch, ok := goArch[o.Architecture]
	if !ok {
		return Zip{}, fmt.Errorf("the architecture is %q: use x86_64 or arm64", o.Architecture)
	}
	// Whatever the caller's own settings are, the same program must come out.
	// GOFLAGS is not empty, since an empty one would stand for what "go env -w"
	// has written.
	t := target{dir, append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOFLAGS=-trimpath", "GOAMD64=v1", "GOARM64=v8.0")}
	version, err := t.module(ctx)
	if err != nil {
		return Zip{}, err
	}
	key, err := t.key(ctx, version+"\n"+arch)
	if err != nil {
		return Zip{}, err
	}
	c := slot{root: o.Cache, name: slotName(dir, arch)}
	if z, ok := c.get(key); ok {
		return z, nil
	}
	z, err := t.build(ctx)
	if err == nil {
		err = c.put(key, z)
	}
	return z, err
}

// module makes sure that there is one, and returns the version of Go that it is
// built with.
func (t target) module(ctx context.Context) (string, error) {
	out, err := t.run(ctx, "env", "GOMOD", "GOVERSION")
	if err != nil {
		return "", err
	}
	mod, version, _ := strings.Cut(string(out), "\n")
	if mod == "" || mod == os.DevNull {
		return "", errors.New("no go.mod is in it or in a folder above: run go mod init NAME there, and go mod tidy")
	}
	return version, nil
}

// listed is a line for each package that a program is made of: what Go's build
// cache knows its compiled form by, and what the linker writes of its module
// into the program.
const listed = `{{.ImportPath}} {{.Name}} {{.BuildID}} {{.DefaultGODEBUG}}` +
	`{{with .Module}} {{.Path}} {{.Version}} {{.Sum}} {{with .Replace}}{{.Path}} {{.Version}} {{.Sum}}{{end}}{{end}}`

// key identifies what the linker would be given. It costs no linking and, when
// nothing changed, no compiling; Go looks at every source file, embedded file
// and flag for it.
func (t target) key(ctx context.Context, salt string) (string, error) {
	out, err := t.run(ctx, "list", "-export", "-deps", "-tags", tags, "-buildvcs=false", "-f", listed, ".")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	io.WriteString(h, salt+"\n"+runtime.Version()+"\n") // how it is zipped depends on our own version of Go
	name := ""
	for line := range strings.Lines(string(out)) {
		var path, id, rest string
		path, rest, _ = strings.Cut(line, " ")
		name, rest, _ = strings.Cut(rest, " ")
		id, rest, _ = strings.Cut(rest, " ")
		// The part in front of the slash speaks of the source, the other one of
		// what was made of it.
		id = id[strings.LastIndex(id, "/")+1:]
		fmt.Fprintln(h, path, id, rest)
	}
	if name != "main" { // the last package is the one that was asked for
		return "", fmt.Errorf("its Go package is %s: a function must be package main", name)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// build compiles and zips.
func (t target) build(ctx context.Context) (Zip, error) {
	tmp, err := os.MkdirTemp("", "faas-build-")
	if err != nil {
		return Zip{}, err
	}
	defer os.RemoveAll(tmp)
	program := filepath.Join(tmp, bootstrap)
	// A build id is of no use in a program that is only deployed, and would
	// change with every comment.
	if _, err := t.run(ctx, "build", "-tags", tags, "-buildvcs=false", "-ldflags=-buildid=", "-o", program, "."); err != nil {
		return Zip{}, err
	}
	info, err := os.Stat(program)
	if err != nil {
		return Zip{}, err
	}
	return zipFiles(ctx, []file{{name: bootstrap, path: program, mode: 0o755, size: info.Size()}})
}

// run runs the go command and returns what it prints. When it fails the error
// is what it says.
func (t target) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = t.dir, t.env
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	// The compilers that go has started must end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = stopDelay
	err := cmd.Run()
	switch {
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the go command is not in PATH: install Go, or put what sam build has built there")
	case complaints.Len() > 0:
		return nil, fmt.Errorf("go %s says:\n%s", args[0], once(complaints.String()))
	}
	return nil, fmt.Errorf("go %s: %w", args[0], err)
}

// once is what go says without what it says again: with -deps it names a
// missing module for each package that wants it.
func once(complaints string) string {
	var some []string
	seen := map[string]bool{}
	again := false
	for line := range strings.SplitSeq(strings.TrimRight(complaints, "\n"), "\n") {
		if !strings.HasPrefix(line, "\t") { // a tab: what to do about the line before
			again = seen[line]
			seen[line] = true
		}
		if !again {
			some = append(some, line)
		}
	}
	return strings.Join(some, "\n")
}

func slotName(dir, arch string) string {
	return function.Sum([]byte(dir + "\x00" + arch)).String()[:16]
}
