package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A use is what a process uses of the machine.
type use struct {
	parent int
	memory int64 // resident, in bytes
	cpu    time.Duration
}

// uses returns what every process of the machine uses.
func uses(ctx context.Context) (map[int]use, error) {
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		return usesOfLinux()
	}
	out, err := exec.CommandContext(ctx, "ps", "-A", "-o", "pid=,ppid=,rss=,time=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	return usesOfPS(string(out)), nil
}

// tree lists a process and all that it has started, directly or not.
func tree(all map[int]use, pid int) []int {
	pids := []int{pid}
	for child, u := range all {
		if u.parent == pid && child != pid {
			pids = append(pids, tree(all, child)...)
		}
	}
	return pids
}

// useOf adds up what a process and all that it has started use. PostgreSQL's
// processes share much of their memory, which counts once where Linux tells how
// much of it is whose.
func useOf(all map[int]use, pid int) (sum use) {
	pids := tree(all, pid)
	for _, p := range pids {
		memory, ok := int64(0), false
		if len(pids) > 1 {
			memory, ok = share(p)
		}
		if !ok {
			memory = all[p].memory
		}
		sum.memory += memory
		sum.cpu += all[p].cpu
	}
	return sum
}

// share is a process's memory, with what it shares with others divided by how
// many they are. Linux tells it to the process's user alone.
func share(pid int) (bytes int64, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, false
	}
	_, after, ok := strings.Cut(string(text), "\nPss:")
	if !ok {
		return 0, false
	}
	var kib int64
	_, err = fmt.Sscan(after, &kib)
	return kib << 10, err == nil
}

// tick is the unit in which Linux tells processor time: a hundredth of a
// second, on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// usesOfLinux reads /proc/PID/stat (proc(5)) of every process. Those that end
// meanwhile are left out.
func usesOfLinux() (map[int]use, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	all := map[int]use{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ") // after the name, which may hold anything
		field := strings.Fields(rest)
		if len(field) < 22 {
			continue
		}
		number := func(n int) int64 { // counted as proc(5) does
			v, _ := strconv.ParseInt(field[n-3], 10, 64) // the kernel writes numbers there
			return v
		}
		all[pid] = use{
			parent: int(number(4)),
			memory: number(24) * int64(os.Getpagesize()),
			cpu:    time.Duration(number(14)+number(15)) * tick,
		}
	}
	return all, nil
}

// usesOfPS reads what ps says where there is no /proc.
func usesOfPS(out string) map[int]use {
	all := map[int]use{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) != 4 {
			continue
		}
		pid, err1 := strconv.Atoi(f[0])
		parent, err2 := strconv.Atoi(f[1])
		kib, err3 := strconv.ParseInt(f[2], 10, 64)
		if err1 == nil && err2 == nil && err3 == nil {
			all[pid] = use{parent, kib << 10, cpuTime(f[3])}
		}
	}
	return all
}

// cpuTime reads 1-02:03:04, 02:03:04 or, as macOS has it, 3:04.56.
func cpuTime(s string) time.Duration {
	days, rest, ok := strings.Cut(s, "-")
	if !ok {
		days, rest = "0", s
	}
	total, _ := strconv.ParseFloat(days, 64) // what cannot be read is none
	seconds := total * 24
	for i, part := range strings.Split(rest, ":") {
		v, _ := strconv.ParseFloat(part, 64)
		if i > 0 {
			seconds *= 60
		}
		seconds += v
	}
	return time.Duration(seconds * float64(time.Second))
}
