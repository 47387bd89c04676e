package instance_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"triptych/faas/instance"
)

func removeClosed(dir string) error {
	tmp := filepath.Join(dir, "tmp")
	inner := filepath.Join(tmp, "cache", "module")
	err := errors.Join(os.MkdirAll(inner, 0o700), os.WriteFile(filepath.Join(inner, "file"), nil, 0o400),
		os.Chmod(inner, 0), os.Chmod(filepath.Dir(inner), 0o500))
	if err != nil {
		return err
	}
	if err := instance.RemoveFolder(tmp); err != nil {
		return err
	}
	if _, err := os.Lstat(tmp); !errors.Is(err, fs.ErrNotExist) {
		return errors.New("it is still there")
	}
	return nil
}

// closedDir tells this test that it is the process of another user.
const closedDir = "INSTANCE_TEST_CLOSED"

func TestAFolderWithClosedFoldersIsRemoved(t *testing.T) {
	if dir := os.Getenv(closedDir); dir != "" {
		if err := removeClosed(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	dir, err := os.MkdirTemp("", "instance-folder-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), closedDir+"="+dir)
	if os.Geteuid() == 0 { // to whom nothing is closed
		const nobody = 65534
		program := filepath.Join(dir, "program")
		b, err := os.ReadFile(self) // which others may not be able to reach
		if err := errors.Join(err, os.WriteFile(program, b, 0o755), os.Chmod(dir, 0o777)); err != nil {
			t.Fatal(err)
		}
		cmd.Path = program
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		cmd.Dir = dir
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
