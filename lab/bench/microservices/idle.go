package main

import (
	"context"
	"time"

	"triptych/lab/bench/measure"
)

// idleness measures what the shop has of memory, and what it does, when it was
// started and nobody has bought anything. The rival's is beside it.
func (b *bench) idleness(ctx context.Context) error {
	ours, _, err := b.services(ctx, "idle", nil)
	if err != nil {
		return err
	}
	defer ours.stop()
	rival, err := b.rival(ctx)
	if err != nil {
		return err
	}
	defer rival.stop()
	idle, err := b.rest(ctx, ours, rival)
	if err != nil {
		return err
	}
	b.say("\nNobody buys: memory after %s, and processor time meanwhile\n", b.idle)
	all := b.showIdle(ours, idle)
	b.found("idle memory of all nine, MB (RSS)", measure.Whole, "220 at most", all.rss)
	b.found("the same, what is shared in parts (PSS)", measure.Whole, "", all.pss)
	b.found("idle CPU of all nine, % of one core", measure.Hundredths, "", all.cpu)
	other := b.showIdle(rival, idle)
	b.found("idle memory, MB (RSS), "+rival.name, measure.Whole, "", other.rss)
	b.found("idle CPU, % of one core, "+rival.name, measure.Hundredths, "", other.cpu)
	return nil
}

// A use is what a part has of the machine: MB of memory, and percent of a
// processor.
type use struct{ rss, pss, cpu float64 }

// rest lets the shops rest, and says what their parts use.
func (b *bench) rest(ctx context.Context, shops ...rig) (map[measure.Part]use, error) {
	found := map[measure.Part]use{}
	before := map[measure.Part]time.Duration{}
	each := func(f func(measure.Part) error) error {
		for _, r := range shops {
			for _, p := range r.parts {
				if err := f(p); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := each(func(p measure.Part) (err error) {
		before[p], err = p.Time()
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := pause(ctx, b.idle); err != nil {
		return nil, err
	}
	return found, each(func(p measure.Part) error {
		used, err := p.Time()
		if err != nil {
			return err
		}
		found[p], err = memoryOf(p)
		u := found[p]
		u.cpu = 100 * (used - before[p]).Seconds() / b.idle.Seconds()
		found[p] = u
		return err
	})
}

// memoryOf reads a part's memory. Of PostgreSQL, whose processes share a lot, only
// PSS adds up.
func memoryOf(p measure.Part) (u use, err error) {
	pids, err := p.Pids()
	if err != nil {
		return u, err
	}
	for _, pid := range pids {
		rss, err := measure.Memory(pid, "VmRSS")
		if err != nil {
			return u, err
		}
		pss, err := measure.Proportional(pid)
		if err != nil {
			return u, err
		}
		u.rss += float64(rss) / 1e6
		u.pss += float64(pss) / 1e6
	}
	return u, nil
}

// showIdle prints a shop's parts, and returns the sum of its own.
func (b *bench) showIdle(r rig, found map[measure.Part]use) (all use) {
	b.say("\n")
	measure.Row(b.out, "", "RSS, MB", "PSS, MB", "CPU, %")
	show := func(name string, u use) {
		measure.Row(b.out, name, measure.Tenths(u.rss), measure.Tenths(u.pss), measure.Hundredths(u.cpu))
	}
	for _, p := range r.parts {
		show(p.Name, found[p])
	}
	for _, p := range r.own() {
		all.rss += found[p].rss
		all.pss += found[p].pss
		all.cpu += found[p].cpu
	}
	show("together", all)
	return all
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
