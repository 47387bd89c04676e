package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// A phase is one measurement: what was done, and what it took of the machine.
type phase struct {
	tally
	program  time.Duration // processor time of the monolith
	database time.Duration // of PostgreSQL
	peak     int64         // the most memory that the monolith had, in bytes
}

// measure runs something between two readings of the processors. A checkpoint
// comes before it, so that none falls into one phase by chance.
func (st *stage) measure(ctx context.Context, run func(context.Context) (tally, error)) (p phase, err error) {
	if err := st.checkpoint(ctx); err != nil {
		return p, err
	}
	program := st.shop.Pid()
	server, err := st.postmaster()
	if err != nil {
		return p, err
	}
	if err := forgetPeak(program); err != nil {
		return p, err
	}
	programBefore, err := ownTime(program)
	if err != nil {
		return p, err
	}
	databaseBefore, err := familyTime(server)
	if err != nil {
		return p, err
	}
	if p.tally, err = run(ctx); err != nil {
		return p, err
	}
	if p.program, err = ownTime(program); err != nil {
		return p, err
	}
	if p.database, err = familyTime(server); err != nil {
		return p, err
	}
	p.program -= programBefore
	p.database -= databaseBefore
	p.peak, err = memory(program, "VmHWM")
	return p, err
}

func (st *stage) checkpoint(ctx context.Context) error {
	db, err := pgx.Connect(ctx, st.shop.Database().URL("shop"))
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	_, err = db.Exec(ctx, `CHECKPOINT`)
	return err
}

// programPer1000 is the program's processor seconds per 1,000 of what was done.
func (p phase) programPer1000() float64 { return p.program.Seconds() * 1000 / float64(p.done) }

// databasePer1000 is PostgreSQL's.
func (p phase) databasePer1000() float64 { return p.database.Seconds() * 1000 / float64(p.done) }

func (p phase) peakMB() float64 { return float64(p.peak) / 1e6 }
