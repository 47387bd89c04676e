package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"
)

// endAll ends what a dead process left behind: its group, and by their mark
// those who left it. Who lost its parent has become our child.
func (s *Sandbox) endAll(p *Process) {
	_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	if len(orphans(p)) == 0 {
		return
	}
	for {
		// All at once, as a family may grow faster than it is found.
		members := s.marks.members()[p.mark]
		for _, pid := range members {
			if pid != p.pid {
				kill(pid, p.mark)
			}
		}
		left := orphans(p)
		for _, pid := range left {
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
		if len(members) <= 1 && len(left) == 0 {
			return
		}
		time.Sleep(time.Millisecond) // the kernel is at it
	}
}

// orphans are those of our children who were started by p, or by what it
// started, and lost their parent.
func orphans(p *Process) (pids []int) {
	for _, pid := range children() {
		if pid != p.pid && markOf(pid) == p.mark {
			pids = append(pids, pid)
		}
	}
	return pids
}

// children are those of this process's first thread, who is given the orphans.
func children() (pids []int) {
	id := strconv.Itoa(os.Getpid())
	b, _ := os.ReadFile("/proc/" + id + "/task/" + id + "/children")
	for f := range bytes.FieldsSeq(b) {
		if n, err := strconv.Atoi(string(f)); err == nil {
			pids = append(pids, n)
		}
	}
	return pids
}
