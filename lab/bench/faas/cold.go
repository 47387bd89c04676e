package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"time"
)

// brief has an instance end as soon as it is idle.
const brief = time.Millisecond

// A starter is somebody whose cold starts are measured.
type starter struct {
	*server
	caller *caller
	check  func() error // that the start was cold
	took   []time.Duration
}

func (s *starter) start(ctx context.Context) error {
	if err := s.quiet(ctx); err != nil {
		return err
	}
	took, err := s.caller.hello("hello")
	if err != nil {
		return err
	}
	s.took = append(s.took, took)
	if s.check != nil {
		return s.check()
	}
	return nil
}

// cold measures cold starts of code that is on this machine, each in turn with
// one of the minimal server. The first of each is not counted: it reads the
// program from disk.
func (b *bench) cold(ctx context.Context) error {
	r, ours, err := b.coldRunner(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	floor, err := b.starter(ctx, "minimal server", b.helloProgram())
	if err != nil {
		return err
	}
	defer floor.stop()
	phases := &phases{caller: ours.caller}
	ours.check = phases.read
	pair := []*starter{ours, floor}
	for i := range b.rounds*b.colds + 1 {
		for n := range pair {
			if err := pair[(i+n)%2].start(ctx); err != nil {
				return err
			}
		}
	}
	for _, s := range pair {
		s.took = s.took[1:]
	}
	b.times("cold start, code on local disk (ms)", "5 / 15", "3 / 8", ours.took)
	b.times("  of it: until the function asks for events", "", "", phases.init[1:])
	b.times("  of it: the event", "", "", phases.event[1:])
	b.times("  os/exec and a minimal Runtime API (ms)", "", "", floor.took)
	b.atMost("cold start by that of os/exec and a minimal server, p50", p(ours.took, 0.5)/p(floor.took, 0.5), 1.6)
	b.atMost("cold start by that of os/exec and a minimal server, p99", p(ours.took, 0.99)/p(floor.took, 0.99), 2)
	return nil
}

// coldRunner starts a runner at which every call of hello is a cold start, if
// one waits for the end of the last.
func (b *bench) coldRunner(ctx context.Context) (*runner, *starter, error) {
	r, err := b.runner(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := r.deploy(ctx, "hello", b.hello, brief); err != nil {
		r.stop()
		return nil, nil, err
	}
	c, err := dial(ctx, r.addr, tail)
	if err != nil {
		r.stop()
		return nil, nil, err
	}
	return r, &starter{server: r.server, caller: c, check: (&phases{caller: c}).read}, nil
}

// starter starts the minimal server with a command to run for every event.
func (b *bench) starter(ctx context.Context, name string, command ...string) (*starter, error) {
	s, err := b.rival(ctx, name, append([]string{"minimal", "cold"}, command...)...)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, s.addr, "")
	if err != nil {
		s.stop()
		return nil, err
	}
	return &starter{server: s, caller: c}, nil
}

func (b *bench) rival(ctx context.Context, name string, args ...string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startServer(ctx, name, self, nil, args...)
}

// Phases are read from the REPORT lines of calls: what the runner itself says
// of its starts.
type phases struct {
	caller      *caller
	init, event []time.Duration
}

var report = regexp.MustCompile(`\tDuration: ([0-9.]+) ms\t.*\tInit Duration: ([0-9.]+) ms\t`)

func (p *phases) read() error {
	log, err := base64.StdEncoding.DecodeString(p.caller.header.Get("X-Amz-Log-Result"))
	if err != nil {
		return err
	}
	m := report.FindSubmatch(log)
	if m == nil {
		return fmt.Errorf("%w\n%s", errWarm, log)
	}
	p.event = append(p.event, milliseconds(m[1]))
	p.init = append(p.init, milliseconds(m[2]))
	return nil
}

func milliseconds(b []byte) time.Duration {
	f, _ := strconv.ParseFloat(string(b), 64) // it has matched
	return time.Duration(f * float64(time.Millisecond))
}

// load measures cold starts of code that has to be taken from the data store.
func (b *bench) load(ctx context.Context) error {
	r, ours, err := b.coldRunner(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	for range b.rounds*b.loads + 1 {
		if err := r.quiet(ctx); err != nil {
			return err
		}
		if err := os.RemoveAll(r.unpacked(b.hello)); err != nil {
			return err
		}
		if err := ours.start(ctx); err != nil {
			return err
		}
	}
	b.times(fmt.Sprintf("cold start, code to load (%.1f MB) (ms)", float64(b.size())/1e6), "35 / 90", "20 / 50", ours.took[1:])
	return nil
}

// size is that of hello's program.
func (b *bench) size() int64 {
	info, err := os.Stat(b.helloProgram())
	if err != nil {
		return 0
	}
	return info.Size()
}
