package sandbox

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// The watch looks every soonest, and when nothing moves less and less often,
// to every latest. Without processes it looks not at all.
const (
	soonest = 25 * time.Millisecond
	latest  = 400 * time.Millisecond

	// scanShare is how much of one processor finding all members of all
	// processes may take: one part in so many.
	scanShare = 50

	// avalanche is how many threads the machine may have more than before,
	// until the watch finds out at once whose they are.
	avalanche = 64
)

// watchAgain has the watch look soon, as there is a new process.
func (s *Sandbox) watchAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if !s.watching {
		s.watching = true
		s.wg.Add(1)
		go s.watch()
		return
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// What the watch saw of a process.
type seen struct {
	memory int64
	disk   disk
}

// A watch is what was seen so far.
type watch struct {
	s        *Sandbox
	pause    time.Duration
	threads  int64
	scanned  time.Time
	scanCost time.Duration
	moved    bool // since the last scan
	families bool // there are processes that started others
}

func (s *Sandbox) watch() {
	defer s.wg.Done()
	w := &watch{s: s, pause: soonest}
	timer := time.NewTimer(w.pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-s.wake:
			w.pause = soonest
		}
		s.mu.Lock()
		ps := slices.Collect(maps.Values(s.running))
		if len(ps) == 0 {
			s.watching = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		w.look(ps)
		timer.Reset(w.pause)
	}
}

// look looks at the processes themselves, which is cheap, and now and then at
// all that they started.
func (w *watch) look(ps []*Process) {
	moved := w.families // who waits for his children does not move
	for _, p := range ps {
		moved = p.sees(memory(p.pid)) || moved
	}
	threads := threads()
	sudden := threads > w.threads+avalanche
	w.moved = w.moved || moved
	if sudden || w.moved && time.Since(w.scanned) > max(4*soonest, scanShare*w.scanCost) || time.Since(w.scanned) > time.Second {
		begin := time.Now()
		w.scan(ps)
		w.scanned, w.threads, w.moved = time.Now(), threads, false
		w.scanCost = w.scanned.Sub(begin)
	}
	w.pause = min(2*w.pause, latest)
	if moved {
		w.pause = soonest
	}
}

// scan looks at all that the processes started, and at their folders.
func (w *watch) scan(ps []*Process) {
	members := w.s.marks.members()
	w.families = false
	for _, p := range ps {
		w.families = w.families || len(members[p.mark]) > 1
		p.check(members[p.mark])
		p.checkDisk(members[p.mark])
	}
	w.s.bury(ps, members)
}

// bury collects orphans that ended: nobody else will.
func (s *Sandbox) bury(ps []*Process, members map[uint64][]int) {
	for _, pid := range children() {
		mine := func(p *Process) bool { return p.pid == pid }
		if slices.ContainsFunc(ps, mine) || !slices.Contains(members[markOf(pid)], pid) {
			continue
		}
		s.mu.Lock()
		main := s.running[pid] != nil // it began since
		s.mu.Unlock()
		if !main {
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}

// sees takes what the process itself holds, and says whether that changed.
func (p *Process) sees(rss int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	moved := rss != p.seen.memory
	p.seen.memory = rss
	p.holds(rss)
	return moved
}

// holds judges how much memory the process and its members hold. p.mu is held.
func (p *Process) holds(bytes int64) {
	p.peak = max(p.peak, bytes)
	if p.spec.Level != None && p.spec.Memory > 0 && bytes > p.spec.Memory && !p.collected {
		p.exit.OutOfMemory = true
		_ = unix.Kill(-p.pid, unix.SIGKILL)
	}
}

// check judges what the process and its members hold and how many they are.
func (p *Process) check(members []int) {
	var bytes int64
	count := 0
	for _, pid := range members {
		bytes += memoryAlone(pid, pid == p.pid)
		if pid != p.pid {
			bytes += sharedMemory(pid)
		}
		count += threadsOf(pid)
	}
	p.mu.Lock()
	p.holds(bytes)
	if p.cgroup != nil && !p.collected && p.cgroup.outOfMemory() {
		p.exit.OutOfMemory = true // one of them was ended, and that ends all
	}
	over := p.exit.OutOfMemory || p.spec.Level != None && p.spec.Processes > 0 && count > p.spec.Processes
	p.mu.Unlock()
	if over {
		p.killAll(members)
	}
}

// killAll kills the members too that left the group.
func (p *Process) killAll(members []int) {
	p.Kill()
	for _, pid := range members {
		kill(pid, p.mark)
	}
}

// memory is what a process holds, in bytes.
func memory(pid int) int64 { return memoryAlone(pid, true) }

// memoryAlone is what a process holds, and with shared also what others hold
// as well, as the program and its libraries.
func memoryAlone(pid int, shared bool) int64 {
	var buf [128]byte
	b := readSmall("/proc/"+strconv.Itoa(pid)+"/statm", buf[:]) // size resident shared …
	var pages int64
	i := 0
	for f := range bytes.FieldsSeq(b) {
		n, _ := strconv.ParseInt(string(f), 10, 64)
		switch {
		case i == 1:
			pages = n
		case i == 2 && !shared:
			pages -= n
		}
		i++
	}
	return pages * int64(os.Getpagesize())
}

// sharedMemory is a process's part of the memory that it shares with others on
// purpose: the whole of it, divided by those that share it. Most processes
// share nothing but their programs, which are small.
func sharedMemory(pid int) int64 {
	const small = 16 << 20
	if memoryAlone(pid, true)-memoryAlone(pid, false) < small {
		return 0
	}
	id := strconv.Itoa(pid)
	if b, err := os.ReadFile("/proc/" + id + "/smaps_rollup"); err == nil {
		return kilobytes(b, "Pss_Shmem:")
	}
	return statusBytes(pid, "RssShmem:") // root in a container may not see the other
}

// threadsOf is how many threads a process has: field 20 of its line, counted
// from behind its name, which may hold anything.
func threadsOf(pid int) int {
	var buf [512]byte
	b := readSmall("/proc/"+strconv.Itoa(pid)+"/stat", buf[:])
	i := 2
	for f := range bytes.FieldsSeq(b[bytes.LastIndexByte(b, ')')+1:]) {
		if i++; i == 20 {
			n, _ := strconv.Atoi(string(f))
			return n
		}
	}
	return 1
}

func readSmall(path string, buf []byte) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil {
		return nil
	}
	return buf[:n]
}
