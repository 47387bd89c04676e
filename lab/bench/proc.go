package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Figures of a process, as Linux tells them (proc(5)). Elsewhere they are not
// to be had, and the benchmark says so.

// tick is the unit in which Linux tells processor time: a hundredth of a
// second, on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// stat returns the numbered fields of /proc/PID/stat, counted as proc(5) does.
func stat(pid int) (field func(n int) string, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	_, rest, _ := strings.Cut(string(b), ") ") // after the name, which may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return nil, fmt.Errorf("/proc/%d/stat has only %d fields", pid, len(fields))
	}
	return func(n int) string { return fields[n-3] }, nil
}

func ticks(field func(int) string, numbers ...int) (sum time.Duration) {
	for _, n := range numbers {
		v, _ := strconv.ParseInt(field(n), 10, 64) // the kernel writes numbers there
		sum += time.Duration(v) * tick
	}
	return sum
}

// ownTime is the processor time that a process has used, its children left out.
func ownTime(pid int) (time.Duration, error) {
	field, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return ticks(field, 14, 15), nil // utime and stime
}

// familyTime is the processor time of a process and its children, those that
// have ended included.
func familyTime(pid int) (time.Duration, error) {
	field, err := stat(pid)
	if err != nil {
		return 0, err
	}
	sum := ticks(field, 14, 15, 16, 17)
	of, err := children(pid)
	for _, field := range of {
		sum += ticks(field, 14, 15)
	}
	return sum, err
}

// children are the fields of the processes whose parent is pid, by their ids.
func children(pid int) (map[int]func(int) string, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	found := map[int]func(int) string{}
	for _, e := range entries {
		child, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if field, err := stat(child); err == nil && field(4) == strconv.Itoa(pid) { // 4 is the parent
			found[child] = field
		}
	}
	return found, nil
}

// memory reads a line of /proc/PID/status, such as VmRSS or VmHWM, the most
// that there ever was of it, in bytes.
func memory(pid int, line string) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, ok := strings.Cut(string(b), "\n"+line+":")
	if !ok {
		return 0, fmt.Errorf("/proc/%d/status has no %s", pid, line)
	}
	var kib int64
	_, err = fmt.Sscan(after, &kib)
	return kib << 10, err
}

// forgetPeak makes VmHWM begin anew.
func forgetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
