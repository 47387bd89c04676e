package sandbox

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// ended notes how the process ended. p.mu is held.
func (p *Process) ended(state syscall.WaitStatus, usage syscall.Rusage) {
	// As the process began in our memory, its maximum says something only
	// when it is more than we ever held.
	var ours syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ours); err == nil && usage.Maxrss > ours.Maxrss {
		p.peak = max(p.peak, int64(usage.Maxrss)<<10)
	}
	if state.Signaled() {
		p.exit.Signal = state.Signal()
	} else {
		p.exit.Code = state.ExitStatus()
	}
	if p.exit == (Exit{}) || p.spec.Level == None {
		return
	}
	// The limits that the kernel keeps end a process in the process's way.
	if p.spec.Memory > 0 && p.peak > p.spec.Memory || p.cgroup != nil && p.cgroup.outOfMemory() {
		p.exit.OutOfMemory = true
	}
	if p.spec.TmpSize > 0 && (p.exit.Signal == syscall.SIGXFSZ || diskUse(p.spec.Tmp, p.spec.TmpSize) >= p.spec.TmpSize) {
		p.exit.OutOfDisk = true
	}
}

// MaxMemory is the most memory the process has held, in bytes.
func (p *Process) MaxMemory() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.collected {
		p.peak = max(p.peak, statusBytes(p.pid, "VmHWM:"))
	}
	return p.peak
}

// statusBytes reads a line of /proc/PID/status that ends in kB.
func statusBytes(pid int, field string) int64 {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	return kilobytes(b, field)
}

// kilobytes reads a field of many lines, as bytes.
func kilobytes(b []byte, field string) int64 {
	_, rest, _ := bytes.Cut(b, []byte("\n"+field))
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	n, _ := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	return n << 10
}
