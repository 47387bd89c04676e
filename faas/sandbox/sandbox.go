package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// A Level says how much a function is kept from the machine.
type Level string

// The levels. Each promises what the one before it does; the package's
// documentation says what that is.
const (
	None     Level = "none"
	Basic    Level = "basic"
	Standard Level = "standard"
	Strict   Level = "strict"
	// Auto is the best of standard and basic that this machine can.
	Auto Level = "auto"
)

// A Measure is one thing that is done to a function's process.
type Measure struct {
	Name string
	On   bool
	Why  string // what is missing when it is not on
}

// A Spec is a process to start.
type Spec struct {
	// Level is another level than the runner's; empty is the runner's.
	Level Level
	// Code is the folder of the unpacked code: the working directory,
	// readable, executable, not writable. All users must be able to enter it.
	Code string
	// Program is the absolute path of what to run in Code.
	Program string
	// Tmp is an existing folder, the only one the process can write to. It is
	// given to the user that the process runs as.
	Tmp string
	// Env is the whole environment.
	Env []string
	// Output takes what the process writes. Its input is empty.
	Output *os.File
	// Memory is how many bytes the process and all it starts may hold.
	// At level strict it also gets its share of the processors by it, as at
	// Lambda: one for 1769 MB.
	Memory int64
	// TmpSize is how many bytes Tmp may hold, and any file the process writes.
	TmpSize int64
	// Processes is how many processes and threads there may be at once. Zero
	// is no limit, as it is with the others.
	Processes int
	// Files is how many files each process may have open.
	Files int
	// Connect holds the TCP ports that it may connect to. With 53 among them
	// it may also send datagrams, for DNS: to port 53 alone where Landlock
	// governs that (version 10), otherwise to any.
	Connect []uint16
}

func (s Spec) check() error {
	for name, path := range map[string]string{"code": s.Code, "program": s.Program, "tmp": s.Tmp} {
		if !filepath.IsAbs(path) {
			return fmt.Errorf("%s %q is not an absolute path", name, path)
		}
	}
	if s.Output == nil {
		return errors.New("there is no output")
	}
	return nil
}

// An Exit says how a process ended.
type Exit struct {
	Code        int            // its exit status, when Signal is zero
	Signal      syscall.Signal // what ended it
	OutOfMemory bool           // because it took more than Spec.Memory
	OutOfDisk   bool           // because it wrote more than Spec.TmpSize
}

// String is the end in Lambda's words: "exit status 1", "signal: killed".
func (e Exit) String() string {
	if e.Signal != 0 {
		return "signal: " + e.Signal.String()
	}
	return fmt.Sprintf("exit status %d", e.Code)
}
