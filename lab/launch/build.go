package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// FindRoot returns the checkout that the working directory is in: programs are
// built from it.
func FindRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module triptych\n") {
			return dir, nil
		}
	}
	return "", errors.New("run this in a checkout of Triptych: its programs are built from there")
}

func binaries(root string) string { return filepath.Join(root, ".triptych", "bin") }

func serviceBinaries(root string) string { return filepath.Join(binaries(root), "microservices") }

// build builds one program of the checkout, which takes a moment the first
// time and nothing after that.
func build(ctx context.Context, o Options, name string) (path string, err error) {
	path = filepath.Join(binaries(o.Root), name)
	return path, goBuild(ctx, o, name, path, "./"+name)
}

// buildServices builds the microservices and the broker.
func buildServices(ctx context.Context, o Options) error {
	dir := serviceBinaries(o.Root)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return goBuild(ctx, o, "microservices", dir, "./microservices/...", "./cmd/broker")
}

// buildTags leaves gRPC's page of traces out: nobody looks at it, and it links
// templates, which keep the linker from leaving out what is not used.
const buildTags = "grpcnotrace"

func goBuild(ctx context.Context, o Options, what, to string, packages ...string) error {
	done := o.Step("building the " + what)
	unlock, err := lockBuilds(ctx, o.Root)
	if err != nil {
		return fmt.Errorf("building the %s: %w", what, err)
	}
	defer unlock()
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-tags", buildTags, "-o", to}, packages...)...)
	cmd.Dir = o.Root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // no C library in each process
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("the go command is not on the PATH: install Go 1.26 or newer from https://go.dev/dl")
	}
	if err != nil {
		return fmt.Errorf("building the %s: %w\n%s", what, err, out)
	}
	done("built the " + what)
	return nil
}

// lockBuilds waits for its turn to build. Whoever comes second finds everything
// built, and does not replace a program that the first one is about to start.
func lockBuilds(ctx context.Context, root string) (unlock func(), err error) {
	if err := os.MkdirAll(binaries(root), 0o755); err != nil {
		return nil, err
	}
	name := filepath.Join(binaries(root), "lock")
	for {
		fd, err := flock(name, syscall.O_CREAT)
		if err == nil {
			return func() { syscall.Close(fd) }, nil
		}
		if err != syscall.EWOULDBLOCK {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
