package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"
)

// freezes is how many calls of a function are made whose process is stopped
// between them.
const freezes = 200

// freeze measures how soon after an answer its process is stopped, when the
// runner does that, and what it costs a call to have it go on.
func (b *bench) freeze(ctx context.Context) error {
	r, err := b.runnerWith(ctx, []string{"--freeze"})
	if err != nil {
		return err
	}
	defer r.stop()
	if err := r.deploy(ctx, "hello", b.hello, 0); err != nil {
		return err
	}
	c, err := dial(ctx, r.addr, "")
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.hello("hello"); err != nil {
		return err
	}
	family, err := r.functions()
	if err != nil {
		return err
	}
	pids := slices.Collect(maps.Keys(family))
	if len(pids) != 1 {
		return fmt.Errorf("one call has made %d processes", len(pids))
	}
	var stopped, calls []time.Duration
	for range freezes {
		took, err := c.hello("hello")
		if err != nil {
			return err
		}
		d, err := untilStopped(ctx, pids[0])
		if err != nil {
			return err
		}
		calls, stopped = append(calls, took), append(stopped, d)
	}
	b.times("frozen after its answer (ms)", "1", "", stopped)
	b.times("  a call that thaws it (ms)", "", "", calls)
	return nil
}

// untilStopped waits until a process is stopped, and says how long that took.
func untilStopped(ctx context.Context, pid int) (time.Duration, error) {
	begun := time.Now()
	for time.Since(begun) < 10*time.Second {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		if _, state, _ := bytes.Cut(stat, []byte(") ")); state[0] == 'T' {
			return time.Since(begun), nil
		}
	}
	return 0, errors.New("a process that is to be frozen is not stopped within 10 s")
}
