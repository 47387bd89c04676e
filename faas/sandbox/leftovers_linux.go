package sandbox

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// markLimit is the limit that carries a process's mark: how long a real-time
// process may compute. Functions are none, so the limit limits nothing; but
// whatever a process starts inherits it, leaves it neither with its group nor
// with its environment, and may not raise it.
const markLimit = unix.RLIMIT_RTTIME

// marks hands out the marks of one runner: 1, nine digits of its folder, eight
// digits of the process.
type marks struct {
	base uint64
	last *atomic.Uint64
}

const perRunner = 100_000_000

func newMarks(root string) marks {
	h := fnv.New64a()
	h.Write([]byte(root))
	return marks{base: (1e9 + h.Sum64()%1e9) * perRunner, last: new(atomic.Uint64)}
}

func (m marks) next() uint64 { return m.base + m.last.Add(1)%perRunner }

func (m marks) ours(mark uint64) bool { return mark-mark%perRunner == m.base }

// markOf is the mark of any process, zero when it has none or is gone.
func markOf(pid int) uint64 {
	var l unix.Rlimit
	if err := unix.Prlimit(pid, markLimit, nil, &l); err != nil || l.Max == unix.RLIM_INFINITY {
		return 0
	}
	return l.Max
}

// adopt makes orphans of our children's children ours, instead of init's, so
// that they can be found.
func (s *Sandbox) adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	return nil
}

// endAll ends what a dead process left behind: its group, and by their mark
// those who left it. Who loses its parent becomes our child; so all are gone
// when none of our children bears the mark.
func (s *Sandbox) endAll(p *Process) {
	for {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
		left := 0
		for _, pid := range children(os.Getpid()) {
			if pid != p.pid && markOf(pid) == p.mark {
				left++
				_ = syscall.Kill(pid, syscall.SIGKILL)
				_, _ = syscall.Wait4(pid, nil, 0, nil)
			}
		}
		if left == 0 {
			return
		}
	}
}

// children are those of a process's first thread, who is given the orphans.
func children(pid int) []int {
	id := strconv.Itoa(pid)
	b, _ := os.ReadFile("/proc/" + id + "/task/" + id + "/children")
	var pids []int
	for f := range bytes.FieldsSeq(b) {
		if n, err := strconv.Atoi(string(f)); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}

// sweep ends what an earlier runner of this folder left running.
func (s *Sandbox) sweep() {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || !s.marks.ours(markOf(pid)) {
			continue
		}
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue
		}
		if s.marks.ours(markOf(pid)) { // it is still the same
			_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
		}
		unix.Close(fd)
	}
}
