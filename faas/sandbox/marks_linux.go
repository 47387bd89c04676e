package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// markLimit is the limit that carries a process's mark: how long a real-time
// process may compute without a pause, in microseconds. Functions are none,
// so the limit limits nothing; but whatever a process starts inherits it, does
// not leave it with its group, its session or its environment, and may not
// raise it.
const markLimit = unix.RLIMIT_RTTIME

// marks hands out the marks of one runner: 1, seven digits of its folder, four
// of its start, seven of the process. The start keeps apart a runner that was
// killed and the next one of the same folder, which may be there before what is
// left of the first is swept away.
type marks struct {
	folder uint64 // what the marks of all runners of the folder begin with
	base   uint64 // and those of this one
	last   *atomic.Uint64
}

const (
	perRunner = 10_000_000
	starts    = 10_000
	perFolder = starts * perRunner
)

func newMarks(root string) marks {
	h := fnv.New64a()
	h.Write([]byte(root))
	folder := (1e7 + h.Sum64()%1e7) * perFolder
	start := uint64(time.Now().UnixMilli()) % starts
	return marks{folder: folder, base: folder + start*perRunner, last: new(atomic.Uint64)}
}

func (m marks) next() uint64 { return m.base + m.last.Add(1)%perRunner }

// name is this runner's, for what needs one.
func (m marks) name() string { return fmt.Sprint("faas-", m.base/perRunner) }

// names is the pattern of those of all runners of the folder.
func (m marks) names() string { return fmt.Sprint("faas-", m.folder/perFolder, "????") }

// ours tells whether a mark is of a runner of this folder.
func (m marks) ours(mark uint64) bool { return mark-mark%perFolder == m.folder }

// markOf is the mark of any process, zero when it has none or is gone.
func markOf(pid int) uint64 {
	var l unix.Rlimit
	err := unix.Prlimit(pid, markLimit, nil, &l)
	switch {
	case err == nil:
		return l.Max
	case errors.Is(err, unix.EPERM) && os.Geteuid() == 0:
		return markInLimits(pid) // root in a container may lack the privilege
	}
	return 0
}

func markInLimits(pid int) uint64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/limits")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(b, []byte("\nMax realtime timeout"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	mark := uint64(0)
	for f := range bytes.FieldsSeq(line) {
		if n, err := strconv.ParseUint(string(f), 10, 64); err == nil {
			mark = n
		}
	}
	return mark
}

// members finds who bears our marks, by mark.
func (m marks) members() map[uint64][]int {
	found := map[uint64][]int{}
	dir, err := os.Open("/proc")
	if err != nil {
		return found
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if mark := markOf(pid); m.ours(mark) {
			found[mark] = append(found[mark], pid)
		}
	}
	return found
}

// kill kills a process that bears the mark. It looks once it holds the
// process, since ids go to others.
func kill(pid int, mark uint64) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if markOf(pid) == mark {
		_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
	}
}

// sweep ends what an earlier runner of this folder left running.
func (m marks) sweep() {
	for mark, pids := range m.members() {
		for _, pid := range pids {
			kill(pid, mark)
		}
	}
}

// script is a shell's sweep, for when we are gone: of what this runner has
// started, since another may use the folder already. It goes on until nothing
// is left, as what is found late was started by who was found early.
func (m marks) script() string {
	return fmt.Sprintf(`n=0; while [ $n -lt 50 ]; do l=$(grep -ls '^Max realtime timeout  *%d' /proc/[0-9]*/limits); [ "$l" ] || break; `+
		`for p in $l; do p=${p%%/limits}; kill -9 "${p#/proc/}"; done; n=$((n+1)); sleep 0.02; done`, m.base/perRunner)
}
