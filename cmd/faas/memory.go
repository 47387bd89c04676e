package main

import (
	"os"
	"strconv"
	"strings"
)

const (
	perEvent       = 64 << 20 // bytes of memory for each event under way
	lambdaLimit    = 1000     // Lambda's quota of an account
	unknownMachine = 100      // events, where memory cannot be told
)

// defaultConcurrency is how many events a machine of this memory has under way
// at a time: each may have an instance of its own.
func defaultConcurrency() int {
	n := machineMemory()
	if limit, ok := containerMemory(); ok && (n == 0 || limit < n) {
		n = limit
	}
	if n == 0 {
		return unknownMachine
	}
	return int(max(1, min(lambdaLimit, n/perEvent)))
}

// containerMemory is what a container may use, when it is bounded.
func containerMemory() (uint64, bool) {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
		return n, err == nil // "max" is no number
	}
	return 0, false
}
