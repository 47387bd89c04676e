package main

import "golang.org/x/sys/unix"

// machineMemory is how many bytes this machine has; 0 if it cannot be told.
func machineMemory() uint64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0
	}
	return n
}
