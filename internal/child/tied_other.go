//go:build !linux

package child

import (
	"os/exec"
	"syscall"
)

// startTied starts cmd. Elsewhere than on Linux the kernel ties no child to
// its parent, and the watcher is on its own.
func startTied(cmd *exec.Cmd, _ syscall.Signal) error { return cmd.Start() }
