package instance

import (
	"io"
	"os"
	"sync"
	"syscall"

	"triptych/faas/journal"
)

// output carries what a process prints into its log stream. It can be asked to
// catch up, so that what a function printed stands before the line that says
// that its invocation has ended.
type output struct {
	pipe   *os.File
	raw    syscall.RawConn
	stream *journal.Stream
	ended  chan struct{}

	mu     sync.Mutex
	buffer []byte
	tail   *tail // of the invocation that wants one
}

// newOutput returns an output and the end that the process writes to.
func newOutput(stream *journal.Stream) (*output, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	raw, err := r.SyscallConn()
	if err != nil {
		r.Close()
		w.Close()
		return nil, nil, err
	}
	o := &output{pipe: r, raw: raw, stream: stream, ended: make(chan struct{}), buffer: make([]byte, 4096)}
	go o.run()
	return o, w, nil
}

func (o *output) run() {
	defer close(o.ended)
	for {
		var err error
		if failed := o.raw.Read(func(fd uintptr) bool {
			err = o.drain(fd)
			return err != syscall.EAGAIN
		}); failed != nil || err != nil {
			return
		}
	}
}

// catchUp takes over what the process has printed until now.
func (o *output) catchUp() { _ = o.raw.Control(func(fd uintptr) { _ = o.drain(fd) }) }

// drain reads until the pipe is empty, EAGAIN, or at its end, io.EOF.
func (o *output) drain(fd uintptr) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		n, err := syscall.Read(int(fd), o.buffer)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return io.EOF
		}
		o.write(o.buffer[:n])
	}
}

// say adds a line of the runner's own, after what was printed before it.
func (o *output) say(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write([]byte(line))
}

func (o *output) write(b []byte) {
	_, _ = o.stream.Write(b)
	if o.tail != nil {
		o.tail.write(b)
	}
}

// keepTail keeps the end of what follows, until the returned function is
// called, which returns it.
func (o *output) keepTail() func() []byte {
	t := &tail{}
	o.mu.Lock()
	o.tail = t
	o.mu.Unlock()
	return func() []byte {
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.tail == t {
			o.tail = nil
		}
		return t.kept
	}
}

// close takes over what is left in the pipe of a process that has ended, and
// does not wait for more.
func (o *output) close() {
	o.catchUp()
	o.pipe.Close()
	<-o.ended
}

// maxTail is how many bytes of log an answer carries (Lambda API, Invoke).
const maxTail = 4 << 10

// A tail is the last maxTail bytes written to it.
type tail struct{ kept []byte }

func (t *tail) write(b []byte) {
	t.kept = append(t.kept, b...)
	if extra := len(t.kept) - maxTail; extra > 0 {
		t.kept = t.kept[extra:]
	}
}
