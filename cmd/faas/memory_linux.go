package main

import "golang.org/x/sys/unix"

// machineMemory is how many bytes this machine has; 0 if it cannot be told.
func machineMemory() uint64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return uint64(info.Totalram) * uint64(info.Unit)
}
