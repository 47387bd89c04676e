package service

import (
	"context"
	"runtime/debug"
	"time"
)

// idleFor is how long nothing is collected in a service that has next to nothing
// to do.
const idleFor = time.Minute

// giveBack has an idle service give back what it does not use. Its heap grows,
// slowly, until it is worth collecting, and the collector keeps a heap of that
// size: 2 MB more than is used in each service, and twice as much in those that
// ask Kafka for messages all the time.
func giveBack(ctx context.Context, collections func() int64, free func()) {
	tick := time.NewTicker(idleFor)
	defer tick.Stop()
	before := collections()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if collections() == before {
			free()
		}
		before = collections()
	}
}

// collections is how often garbage was collected.
func collections() int64 {
	var s debug.GCStats
	debug.ReadGCStats(&s)
	return s.NumGC
}
