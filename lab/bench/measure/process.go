package measure

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Figures of a process, as Linux tells them (proc(5)). Elsewhere they are not
// to be had, and the benchmarks say so.

// Tick is the unit in which Linux tells processor time: a hundredth of a
// second, on every architecture that Go runs on.
const Tick = 10 * time.Millisecond

// A Part is something whose use of the processors is told apart.
type Part struct {
	Name   string
	Pid    int
	Family bool // its children count too
}

// Time is the processor time that a part has used.
func (p Part) Time() (time.Duration, error) {
	if p.Family {
		return FamilyTime(p.Pid)
	}
	return OwnTime(p.Pid)
}

// Pids are the processes that a part is made of.
func (p Part) Pids() ([]int, error) {
	if !p.Family {
		return []int{p.Pid}, nil
	}
	family, err := Children(p.Pid)
	return slices.AppendSeq([]int{p.Pid}, maps.Keys(family)), err
}

// Times are the processor times of parts, by their names.
type Times map[string]time.Duration

// Clock reads the processor time of parts, and returns what says how much each
// has used since.
func Clock(parts []Part) (used func() (Times, error), err error) {
	before, err := read(parts)
	if err != nil {
		return nil, err
	}
	return func() (Times, error) {
		now, err := read(parts)
		for name := range now {
			now[name] -= before[name]
		}
		return now, err
	}, nil
}

func read(parts []Part) (Times, error) {
	times := Times{}
	for _, p := range parts {
		t, err := p.Time()
		if err != nil {
			return nil, fmt.Errorf("processor time of %s: %w", p.Name, err)
		}
		times[p.Name] += t
	}
	return times, nil
}

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
		sum += time.Duration(v) * Tick
	}
	return sum
}

// OwnTime is the processor time that a process has used, its children left out.
func OwnTime(pid int) (time.Duration, error) {
	field, err := stat(pid)
	if err != nil {
		return 0, err
	}
	return ticks(field, 14, 15), nil // utime and stime
}

// FamilyTime is the processor time of a process and its children, those that
// have ended included.
func FamilyTime(pid int) (time.Duration, error) {
	field, err := stat(pid)
	if err != nil {
		return 0, err
	}
	sum := ticks(field, 14, 15, 16, 17)
	of, err := Children(pid)
	for _, field := range of {
		sum += ticks(field, 14, 15)
	}
	return sum, err
}

// Children are the fields of the processes whose parent is pid, by their ids.
func Children(pid int) (map[int]func(int) string, error) {
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

// Memory reads a line of /proc/PID/status, such as VmRSS or VmHWM, the most
// that there ever was of it, in bytes.
func Memory(pid int, line string) (int64, error) { return kibibytes(pid, "status", line) }

// Proportional is a process's memory in which what it shares with others, the
// pages of libraries and of a forked parent, counts in parts: the sum over
// processes is what they take together.
func Proportional(pid int) (int64, error) { return kibibytes(pid, "smaps_rollup", "Pss") }

// kibibytes reads a line "NAME: 12 kB" of a file about a process, in bytes.
func kibibytes(pid int, file, line string) (int64, error) {
	path := fmt.Sprintf("/proc/%d/%s", pid, file)
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	_, after, ok := strings.Cut(string(b), "\n"+line+":")
	if !ok {
		return 0, fmt.Errorf("%s has no %s", path, line)
	}
	var kib int64
	_, err = fmt.Sscan(after, &kib)
	return kib << 10, err
}

// ForgetPeak makes VmHWM begin anew.
func ForgetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}
