//go:build !linux

package instance

import "syscall"

// badLibrary stands for what only Linux says.
const badLibrary = syscall.ENOEXEC
