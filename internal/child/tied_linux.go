package child

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// startTied has the kernel ask the child to end when we are gone. The watcher
// does that too, and for the whole group, but it hears of a child only after
// the start: a kill -9 in between would leave one.
//
// The kernel watches the thread that forked, not the process; so all children
// are started from one thread that lasts as long as the process.
func startTied(cmd *exec.Cmd, ask syscall.Signal) error {
	cmd.SysProcAttr.Pdeathsig = ask
	answer := make(chan error)
	lastingThread() <- func() { answer <- cmd.Start() }
	return <-answer
}

var lastingThread = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})
