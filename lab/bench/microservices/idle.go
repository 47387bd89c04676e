package main

import (
	"context"
	"time"

	"triptych/lab/bench/measure"
	"triptych/lab/launch"
)

// idleness measures what the shop has of memory, and what it does, when it was
// started and nobody has bought anything.
func (b *bench) idleness(ctx context.Context) error {
	s, err := launch.Microservices(ctx, b.options("idle"))
	if err != nil {
		return err
	}
	defer s.Stop()
	parts := partsOf(s)
	used, err := measure.Clock(parts)
	if err != nil {
		return err
	}
	if err := pause(ctx, b.idle); err != nil {
		return err
	}
	times, err := used()
	if err != nil {
		return err
	}
	b.say("\nNobody buys: memory after %s, and processor time meanwhile\n\n", b.idle)
	measure.Row(b.out, "", "RSS, MB", "PSS, MB", "CPU, %")
	var all [3]float64
	for _, p := range parts {
		f, err := b.figures(p, times[p.Name])
		if err != nil {
			return err
		}
		measure.Row(b.out, p.Name, measure.Tenths(f[0]), measure.Tenths(f[1]), measure.Hundredths(f[2]))
		if p.Name != database && p.Name != broker {
			for i := range all {
				all[i] += f[i]
			}
		}
	}
	measure.Row(b.out, "all nine", measure.Tenths(all[0]), measure.Tenths(all[1]), measure.Hundredths(all[2]))
	b.found("idle memory of all nine, MB (RSS)", measure.Whole, "220 at most", all[0])
	b.found("the same, what is shared in parts (PSS)", measure.Whole, "", all[1])
	b.found("idle CPU of all nine, % of one core", measure.Hundredths, "", all[2])
	return nil
}

// figures are RSS and PSS in MB, and the use of a processor in percent. Of
// PostgreSQL, whose processes share a lot, only PSS adds up.
func (b *bench) figures(p measure.Part, used time.Duration) (f [3]float64, err error) {
	pids := []int{p.Pid}
	if p.Family {
		family, err := measure.Children(p.Pid)
		if err != nil {
			return f, err
		}
		for pid := range family {
			pids = append(pids, pid)
		}
	}
	for _, pid := range pids {
		rss, err := measure.Memory(pid, "VmRSS")
		if err != nil {
			return f, err
		}
		pss, err := measure.Proportional(pid)
		if err != nil {
			return f, err
		}
		f[0] += float64(rss) / 1e6
		f[1] += float64(pss) / 1e6
	}
	f[2] = 100 * used.Seconds() / b.idle.Seconds()
	return f, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
