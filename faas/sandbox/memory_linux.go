package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// MaxMemory is the most memory the process has held, in bytes.
func (p *Process) MaxMemory() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.collected {
		p.peak = max(p.peak, statusBytes(p.pid, "VmHWM:"))
	}
	return p.peak
}

// notePeak takes what the kernel says a dead process held. As the process
// began in our memory, it counts only when it is more than we ever held.
func (p *Process) notePeak(bytes int64) {
	var ours syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ours); err == nil && bytes > ours.Maxrss<<10 {
		p.peak = max(p.peak, bytes)
	}
}

// statusBytes reads a line of /proc/PID/status that ends in kB.
func statusBytes(pid int, field string) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(b, []byte("\n"+field))
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return n << 10
}
