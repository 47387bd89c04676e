package main

import (
	"context"
	"os"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/lab/bench/measure"
)

// A phase is one measurement: what was done, and what it took of the machine.
type phase struct {
	measure.Tally
	program  time.Duration // processor time of the monolith
	database time.Duration // of PostgreSQL
	client   time.Duration // of this program: the customers, and the receiver of telemetry
	peak     int64         // the most memory that the monolith had, in bytes
}

// phase runs something between two readings of the processors. A checkpoint
// comes before it, so that none falls into one phase by chance.
func (st *stage) phase(ctx context.Context, run func(context.Context) (measure.Tally, error)) (p phase, err error) {
	if err := st.checkpoint(ctx); err != nil {
		return p, err
	}
	program := st.shop.Pid()
	if err := measure.ForgetPeak(program); err != nil {
		return p, err
	}
	used, err := measure.Clock([]measure.Part{
		{Name: "program", Pid: program}, {Name: "database", Pid: st.postmaster(), Family: true}, {Name: "client", Pid: os.Getpid()},
	})
	if err != nil {
		return p, err
	}
	if p.Tally, err = run(ctx); err != nil {
		return p, err
	}
	times, err := used()
	if err != nil {
		return p, err
	}
	p.program, p.database, p.client = times["program"], times["database"], times["client"]
	p.peak, err = measure.Memory(program, "VmHWM")
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
func (p phase) programPer1000() float64 { return p.program.Seconds() * 1000 / float64(p.Done) }

// databasePer1000 is PostgreSQL's.
func (p phase) databasePer1000() float64 { return p.database.Seconds() * 1000 / float64(p.Done) }

// clientPer1000 is this program's.
func (p phase) clientPer1000() float64 { return p.client.Seconds() * 1000 / float64(p.Done) }

// ours is how much of the machine's processors all of that used, in percent.
// What is missing to 100 was idle, or taken by others, and then the rates are
// too low.
func (p phase) ours() float64 {
	return 100 * (p.program + p.database + p.client).Seconds() / (p.Took.Seconds() * float64(runtime.NumCPU()))
}

func (p phase) peakMB() float64 { return float64(p.peak) / 1e6 }
