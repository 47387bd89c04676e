package instance

import (
	"io"
	"os"
	"slices"
	"sync"
	"syscall"

	"triptych/faas/journal"
	"triptych/faas/runtimeapi"
)

// mostInPipe is how much a pipe can hold at most, on Linux as it comes. Who has
// read as much has read all that was in it.
const mostInPipe = 1 << 20

// output carries what a process prints into its log stream, and puts the
// runner's own lines where they belong: what a function printed stands after
// the line that says that its invocation has begun, and before the one that
// says that it has ended.
type output struct {
	pipe   *os.File
	stream *journal.Stream
	ended  chan struct{}

	mu      sync.Mutex
	fd      int // of pipe; -1 when it is closed
	buffer  []byte
	line    []byte // of the runner, while it is made
	open    bool   // the last line has no end yet
	initial *tail  // what was printed before the first event
	tails   []*tail
}

// newOutput returns an output and the end that the process writes to.
func newOutput(stream *journal.Stream) (*output, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	o := &output{pipe: r, stream: stream, ended: make(chan struct{}), buffer: make([]byte, 4096), initial: &tail{}}
	raw, err := r.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { o.fd = int(fd) })
	}
	if err != nil {
		r.Close()
		w.Close()
		return nil, nil, err
	}
	go o.run(raw)
	return o, w, nil
}

// run waits for what the process prints.
func (o *output) run(raw syscall.RawConn) {
	defer close(o.ended)
	var err error
	read := func(uintptr) bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		err = o.drain()
		return err != syscall.EAGAIN
	}
	for raw.Read(read) == nil && err == nil {
	}
}

// drain reads what is in the pipe: until it is empty, EAGAIN, or at its end,
// io.EOF. A process that prints without a pause does not keep it for ever.
// o.mu is held.
func (o *output) drain() error {
	if o.fd < 0 {
		return io.EOF
	}
	for total := 0; total < mostInPipe; {
		n, err := syscall.Read(o.fd, o.buffer)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return io.EOF
		}
		o.write(o.buffer[:n])
		total += n
	}
	return nil
}

// begin gives an event to a process, and says so before the process can print
// anything about it. It returns nil when the process does not take it.
func (o *output) begin(poll *runtimeapi.Poll, event *runtimeapi.Event, version string, wantTail bool) (*runtimeapi.Exchange, *tail) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.drain()
	x, ok := poll.Give(*event)
	if !ok {
		return nil, nil
	}
	o.initial = nil
	var t *tail
	if wantTail {
		t = &tail{}
		o.tails = append(o.tails, t)
	}
	o.say(appendStart(o.line[:0], event.RequestID, version))
	return x, t
}

// finish writes the end of an invocation, and returns the end of its log when
// there is a tail for it.
func (o *output) finish(memory int, requestID, message string, outcome *Outcome, t *tail) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.drain()
	o.say(appendReport(o.line[:0], memory, requestID, message, outcome))
	return o.cut(t)
}

// drop forgets a tail.
func (o *output) drop(t *tail) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.cut(t)
}

func (o *output) cut(t *tail) []byte {
	if t == nil {
		return nil
	}
	o.tails = slices.DeleteFunc(o.tails, func(other *tail) bool { return other == t })
	return t.kept
}

// initTail is the end of what was printed before there was any event.
func (o *output) initTail() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.initial == nil {
		return nil
	}
	return o.initial.kept
}

// say adds lines of the runner's own. What was printed before and has no end
// yet is ended there. o.mu is held.
func (o *output) say(lines []byte) {
	o.line = lines
	o.endLine()
	o.write(lines)
}

func (o *output) endLine() {
	if o.open {
		o.write([]byte{'\n'})
	}
}

func (o *output) write(b []byte) {
	o.open = b[len(b)-1] != '\n'
	_, _ = o.stream.Write(b)
	if o.initial != nil {
		o.initial.write(b)
	}
	for _, t := range o.tails {
		t.write(b)
	}
}

// close takes over what is left in the pipe of a process that has ended, and
// does not wait for more.
func (o *output) close() {
	o.mu.Lock()
	_ = o.drain()
	o.endLine()
	o.fd = -1
	o.mu.Unlock()
	o.pipe.Close()
	<-o.ended
}

// maxTail is how many bytes of log an answer carries (Lambda API, Invoke).
const maxTail = 4 << 10

// A tail is the last maxTail bytes written to it.
type tail struct{ kept []byte }

func (t *tail) write(b []byte) {
	b = b[max(0, len(b)-maxTail):]
	if extra := len(t.kept) + len(b) - maxTail; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	t.kept = append(t.kept, b...)
}
