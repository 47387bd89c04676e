package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// build builds one program of the checkout, which takes a moment the first
// time and nothing after that.
func build(ctx context.Context, o Options, name string) (path string, err error) {
	done := o.Step("building the " + name)
	path = filepath.Join(binaries(o.Root), name)
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./"+name)
	cmd.Dir = o.Root
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return "", errors.New("the go command is not on the PATH: install Go 1.26 or newer from https://go.dev/dl")
	}
	if err != nil {
		return "", fmt.Errorf("the %s does not build: %w\n%s", name, err, out)
	}
	done("built the " + name)
	return path, nil
}
