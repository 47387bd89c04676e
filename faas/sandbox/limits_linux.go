package sandbox

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// limit sets the limits of a process that has not run yet, and its mark, to
// which the key is needed.
func limit(p *Process, k key) error {
	set := func(what int, most uint64) error {
		if err := unix.Prlimit(p.pid, what, &unix.Rlimit{Cur: most, Max: most}, nil); err != nil {
			return fmt.Errorf("set limit %d to %d: %w", what, most, err)
		}
		return nil
	}
	mark := unix.Rlimit{Cur: p.mark, Max: p.mark}
	if err := unix.Prlimit(p.pid|int(uint64(k[0])<<32), markLimit|int(uint64(k[1])<<32), &mark, nil); err != nil {
		return fmt.Errorf("set its mark: %w", err)
	}
	if p.spec.Level == None {
		return nil
	}
	for _, l := range []struct {
		what int
		most int64
	}{
		{unix.RLIMIT_DATA, dataLimit(p.spec.Memory)},
		{unix.RLIMIT_FSIZE, p.spec.TmpSize},
		{unix.RLIMIT_NOFILE, int64(p.spec.Files)},
		{unix.RLIMIT_NPROC, processLimit(p)},
	} {
		if l.most <= 0 {
			continue
		}
		if err := set(l.what, uint64(l.most)); err != nil {
			return err
		}
	}
	return set(unix.RLIMIT_CORE, 0)
}

// dataLimit stops who takes memory faster than the watch looks. It is far
// above Memory, because it counts what a program maps and not what it uses: a
// Go program that holds 128 MB maps 200, and a Java machine maps as much before
// it does anything.
func dataLimit(memory int64) int64 {
	if memory <= 0 {
		return 0
	}
	return 2*memory + 512<<20
}

// processLimit is about all processes of a user. It is exact for one who has
// no other, and the thread that starts him is one of his. Where a user has
// others it stops an avalanche, which the watch then ends.
func processLimit(p *Process) int64 {
	n := int64(p.spec.Processes)
	if n <= 0 {
		return 0
	}
	if p.user != 0 {
		return n + 1
	}
	return threads() + 4*n
}

// threads is how many threads this machine runs.
func threads() int64 {
	var buf [128]byte
	b := readSmall("/proc/loadavg", buf[:]) // 0.10 0.07 0.02 1/234 5678
	_, rest, _ := bytes.Cut(b, []byte("/"))
	n, _, _ := bytes.Cut(rest, []byte(" "))
	all, _ := strconv.ParseInt(string(n), 10, 64)
	return all
}
