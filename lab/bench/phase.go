package main

import (
	"context"
	"os"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
)

// A phase is one measurement: what was done, and what it took of the machine.
type phase struct {
	tally
	program  time.Duration // processor time of the monolith
	database time.Duration // of PostgreSQL
	client   time.Duration // of this program: the customers, and the receiver of telemetry
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
	clientBefore, err := ownTime(os.Getpid())
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
	if p.client, err = ownTime(os.Getpid()); err != nil {
		return p, err
	}
	p.program -= programBefore
	p.database -= databaseBefore
	p.client -= clientBefore
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

// clientPer1000 is this program's.
func (p phase) clientPer1000() float64 { return p.client.Seconds() * 1000 / float64(p.done) }

// ours is how much of the machine's processors all of that used, in percent.
// What is missing to 100 was idle, or taken by others, and then the rates are
// too low.
func (p phase) ours() float64 {
	return 100 * (p.program + p.database + p.client).Seconds() / (p.took.Seconds() * float64(runtime.NumCPU()))
}

func (p phase) peakMB() float64 { return float64(p.peak) / 1e6 }
