package mapping

import (
	"context"
	"log/slog"
)

// A State is what Lambda's API calls it.
type State string

// The states of a mapping. Those whose names end in -ing pass by themselves.
const (
	Creating  State = "Creating"
	Enabling  State = "Enabling"
	Enabled   State = "Enabled"
	Disabling State = "Disabling"
	Disabled  State = "Disabled"
	Updating  State = "Updating"
	Deleting  State = "Deleting"
)

func (s State) passing() bool { return s != Enabled && s != Disabled }

// between is the state on the way from one to the other.
func between(was, is bool) State {
	switch {
	case was && !is:
		return Disabling
	case !was && is:
		return Enabling
	}
	return Updating
}

func settled(enabled bool) State {
	if enabled {
		return Enabled
	}
	return Disabled
}

// A keeper looks after one mapping. The mutex of the set guards it.
type keeper struct {
	Mapping
	state    State
	progress *Progress
	stop     context.CancelFunc // of what runs
	ended    chan struct{}      // closed when that has ended
}

func newKeeper(m Mapping) *keeper {
	ended := make(chan struct{})
	close(ended) // nothing runs
	k := &keeper{Mapping: m, state: settled(m.Enabled), progress: NewProgress(nil), stop: func() {}, ended: ended}
	if m.Deleted { // and the runner ended before it was gone
		k.state = Deleting
	}
	return k
}

func (k *keeper) view() View {
	return View{Mapping: k.Mapping, State: k.state, Result: k.progress.Result(), Partitions: k.progress.Partitions()}
}

// turn ends what runs for a mapping and then has run what it asks for now.
func (s *Set) turn(k *keeper) {
	if s.ctx == nil || s.closed {
		return // the next start sees to it
	}
	k.stop()
	ended := k.ended
	s.wg.Go(func() {
		<-ended
		s.settle(k)
	})
}

// settle is called when nothing runs for a mapping.
func (s *Set) settle(k *keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
	case k.Deleted:
		if err := s.forget(k.ID); err != nil { // the next start tries again
			slog.Error("a mapping was not removed", "mapping", k.ID, "err", err)
		}
	case k.Enabled:
		s.start(k)
	default:
		k.state, k.progress = Disabled, NewProgress(nil)
	}
}

// start has a mapping run. It is enabled as soon as it is known whether its topic
// can be read.
func (s *Set) start(k *keeper) {
	ctx, stop := context.WithCancel(s.ctx)
	ended := make(chan struct{})
	progress := NewProgress(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if k.ended == ended && k.state != Deleting && k.state != Disabling {
			k.state = Enabled
		}
	})
	k.stop, k.ended, k.progress = stop, ended, progress
	m := k.Mapping
	s.wg.Go(func() {
		defer close(ended)
		defer stop()
		s.run(ctx, m, progress)
	})
}
