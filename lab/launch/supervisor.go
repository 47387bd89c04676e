package launch

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"triptych/internal/child"
)

// A supervisor keeps several processes up and tells, in a file, how they are.
type supervisor struct {
	data  string
	ready func(Process) // hears of each process that is ready for the first time

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	keepers []*keeper     // in the order of their start
	state   State

	written chan struct{} // closed when the file is written for the last time
	stop    context.CancelFunc
}

// supervise begins to write the file. The state it is given has no processes yet.
func supervise(o Options, state State) *supervisor {
	ctx, cancel := context.WithCancel(context.Background())
	s := &supervisor{
		data: o.Data, ready: o.Ready, state: state,
		changed: make(chan struct{}), written: make(chan struct{}), stop: cancel,
	}
	if s.ready == nil {
		s.ready = func(Process) {}
	}
	go s.writeStates(ctx)
	return s
}

// add starts a process and keeps it up until it is stopped. What it says goes
// into j.
func (s *supervisor) add(p part, j *journal) {
	ctx, cancel := context.WithCancel(context.Background())
	k := &keeper{
		part: p, journal: j, now: Process{Name: p.name, Addr: p.addr},
		held: free, cancel: cancel, done: make(chan struct{}),
	}
	k.becomes(Starting)
	s.change(func() { s.keepers = append(s.keepers, k) })
	go s.keep(ctx, k)
}

// free is a process's held when nobody holds it.
var free = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// change does something to what the mutex guards and tells everybody.
func (s *supervisor) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	close(s.changed)
	s.changed = make(chan struct{})
}

// look returns what see does and a channel that is closed at the next change.
func (s *supervisor) look(see func()) (changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	see()
	return s.changed
}

// processes is how all of them are.
func (s *supervisor) processes() []Process {
	var all []Process
	s.look(func() {
		for _, k := range s.keepers {
			all = append(all, k.now)
		}
	})
	return all
}

func (s *supervisor) process(name string) (p Process) {
	for _, p := range s.processes() {
		if p.Name == name {
			return p
		}
	}
	return p
}

// await returns when all processes are ready, and why not when one of them ends
// again and again or time is up.
func (s *supervisor) await(ctx context.Context) error {
	told := map[string]bool{}
	for {
		var waiting *keeper
		var err error
		var news []Process
		changed := s.look(func() {
			for _, k := range s.keepers {
				switch {
				case k.now.State == Ready:
					if !told[k.name] {
						news = append(news, k.now)
						told[k.name] = true
					}
				case k.tries >= hopeless:
					err = fmt.Errorf("%s does not start: %s (its log is %s)", k.name, k.words, journalFile(s.data, k.name))
				default:
					waiting = k
				}
			}
		})
		for _, p := range news {
			s.ready(p)
		}
		if err != nil || waiting == nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (its log is %s)", waiting.name, context.Cause(ctx), journalFile(s.data, waiting.name))
		}
	}
}

// kill ends a process at once and returns when that was noticed: it is not
// taken for ready any more. hold keeps it from being started again.
func (s *supervisor) kill(name string, hold bool) (release func()) {
	held := free
	if hold {
		held = make(chan struct{})
	}
	var k *keeper
	var p *child.Process
	s.change(func() {
		if k = s.find(name); k != nil {
			k.held, p = held, k.process
		}
	})
	if p != nil {
		p.Kill()
		s.awaitChange(func() bool { return k.process != p })
	}
	return sync.OnceFunc(func() {
		if hold && k != nil {
			s.change(func() { k.held = free })
			close(held)
		}
	})
}

func (s *supervisor) find(name string) *keeper {
	i := slices.IndexFunc(s.keepers, func(k *keeper) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return s.keepers[i]
}

func (s *supervisor) awaitChange(seen func() bool) {
	for {
		var yes bool
		changed := s.look(func() { yes = seen() })
		if yes {
			return
		}
		<-changed
	}
}

// end stops some of the processes, at once, and returns when they have ended.
func (s *supervisor) end(which func(name string) bool) {
	var ending []*keeper
	s.look(func() {
		for _, k := range s.keepers {
			if which(k.name) {
				ending = append(ending, k)
			}
		}
	})
	for _, k := range ending {
		k.cancel()
	}
	for _, k := range ending {
		<-k.done
	}
	s.change(func() {
		s.keepers = slices.DeleteFunc(s.keepers, func(k *keeper) bool { return slices.Contains(ending, k) })
	})
	for _, k := range ending {
		k.journal.close()
	}
}

// close writes the file no more. Every process has been stopped.
func (s *supervisor) close() {
	s.stop()
	<-s.written
}

// writeStates writes the file after each change; of several close together only
// the last counts.
func (s *supervisor) writeStates(ctx context.Context) {
	defer close(s.written)
	for {
		var now State
		changed := s.look(func() {
			now = s.state
			for _, k := range s.keepers {
				now.Processes = append(now.Processes, k.now)
			}
		})
		_ = now.write(s.data) // a full disk is told by those who need it
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}
