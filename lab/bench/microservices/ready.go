package main

import (
	"context"
	"strings"
	"time"

	"triptych/lab/bench/measure"
	"triptych/lab/launch"
)

// ready measures how soon the shop is ready, as `triptych up` starts it: certificates,
// broker, PostgreSQL, databases, and then all services at once. The first start,
// which makes the data too, is told apart. So is the look whether the programs
// are up to date.
func (b *bench) ready(ctx context.Context) error {
	b.say("\nSeconds until all nine are ready\n\n")
	measure.Row(b.out, "start", "in all", "build", "since built", "services")
	var since, alone []float64
	for n := range b.starts + 1 {
		s, err := b.startOnce(ctx, n == 0)
		if err != nil {
			return err
		}
		which := any(n)
		if n == 0 {
			which = "first"
		} else {
			since, alone = append(since, (s.all-s.build).Seconds()), append(alone, s.services.Seconds())
		}
		measure.Row(b.out, which, seconds(s.all), seconds(s.build), seconds(s.all-s.build), seconds(s.services))
	}
	b.found("ready, seconds from when it is built", measure.Hundredths, "4 at most", since...)
	b.found("of these the services, all at once", measure.Hundredths, "", alone...)
	return nil
}

// A start is how long its parts took.
type start struct{ all, build, services time.Duration }

func (b *bench) startOnce(ctx context.Context, fresh bool) (t start, err error) {
	o := b.options("ready")
	o.Fresh = fresh
	o.Step = func(what string) func(string) {
		begun := time.Now()
		return func(string) {
			switch {
			case strings.HasPrefix(what, "building"):
				t.build += time.Since(begun)
			case what == "starting the microservices":
				t.services = time.Since(begun)
			}
		}
	}
	begun := time.Now()
	s, err := launch.Microservices(ctx, o)
	if err != nil {
		return t, err
	}
	t.all = time.Since(begun)
	s.Stop()
	return t, nil
}

func seconds(d time.Duration) string { return measure.Hundredths(d.Seconds()) }
