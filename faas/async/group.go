package async

import (
	"sync"

	"go.etcd.io/bbolt"
)

// groupLimit is how many writes one transaction takes, so that none waits long.
const groupLimit = 1000

// A group commits writes together: all that come while one transaction is being
// written to disk are the next. Unlike bbolt's Batch it never waits for more to
// come, so a lone write takes one fsync and no more.
type group struct {
	db      *bbolt.DB
	mu      sync.Mutex
	busy    bool
	waiting []*write
}

type write struct {
	f    func(*bbolt.Tx) error
	err  error
	done chan bool // true: its turn to commit has come; closed: it is committed
}

// do runs f in a transaction and returns when that is on disk. f may run more
// than once, when a write beside it fails, so what it sets must be set anew each
// time.
func (g *group) do(f func(*bbolt.Tx) error) error {
	w := &write{f: f, done: make(chan bool, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	if g.busy {
		g.mu.Unlock()
		if lead := <-w.done; !lead {
			return w.err
		}
		g.mu.Lock()
	}
	g.busy = true
	n := min(len(g.waiting), groupLimit)
	batch := g.waiting[:n:n]
	g.waiting = g.waiting[n:]
	g.mu.Unlock()

	g.commit(batch)
	for _, other := range batch {
		if other != w {
			close(other.done)
		}
	}
	g.passOn()
	return w.err
}

// passOn has the next of those who wait commit, with all others then waiting.
func (g *group) passOn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.busy, g.waiting = false, nil
		return
	}
	g.waiting[0].done <- true
}

// commit writes a batch. A write that fails is left out and the rest tried
// again; the failure of the disk is the failure of all.
func (g *group) commit(batch []*write) {
	for len(batch) > 0 {
		failed := -1
		err := g.db.Update(func(tx *bbolt.Tx) error {
			for i, w := range batch {
				if err := w.f(tx); err != nil {
					failed = i
					return err
				}
			}
			return nil
		})
		if failed < 0 {
			for _, w := range batch {
				w.err = err
			}
			return
		}
		batch[failed].err = err
		batch = append(append([]*write(nil), batch[:failed]...), batch[failed+1:]...)
	}
}
