package poller

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// A member that died is missed after the session, and its partitions are
	// another's. Brokers allow no less.
	session   = 6 * time.Second
	heartbeat = time.Second

	// When the members share out the partitions anew, each may end what it has
	// under way before it gives up its share: so long the others wait for it.
	rebalance = 30 * time.Second
	grace     = rebalance - 5*time.Second

	leaveTimeout = 5 * time.Second // of a group whose broker is away
)

// join is a member of the mapping's group until ctx is done, or something keeps
// the topic from being read.
//
// kafka-go's generations are used, not its reader: a generation commits as who it
// is, so that the broker refuses a member that has lost its partitions meanwhile.
func (p *poller) join(ctx context.Context) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                p.mapping.Group,
		Brokers:           p.mapping.Brokers,
		Topics:            []string{p.mapping.Topic},
		Dialer:            &kafka.Dialer{ClientID: clientID, Timeout: dialTimeout, DialFunc: p.network.dial},
		SessionTimeout:    session,
		HeartbeatInterval: heartbeat,
		RebalanceTimeout:  rebalance,
		JoinGroupBackoff:  500 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	// The group is told at once that it is to be left: it then waits for what is
	// under way, and does not join again behind our back.
	leave := sync.OnceValue(func() <-chan struct{} { return closing(group) })
	stop := context.AfterFunc(ctx, func() { leave() })
	defer stop()
	defer func() { p.left(leave()) }()
	for failures := 0; ctx.Err() == nil; {
		g, err := group.Next(ctx)
		if err == nil {
			p.progress.Source("")
			err = p.serve(ctx, g)
		}
		gone, ok := errors.AsType[*missing](err)
		switch {
		case ok:
			return gone
		case err == nil:
			failures = 0
			continue
		case ctx.Err() != nil || errors.Is(err, kafka.RebalanceInProgress):
			continue
		}
		if failures++; failures > hopeful {
			return p.unreachable(err)
		}
		sleep(ctx, p.Waits.after(failures))
	}
	return nil
}

// hopeful is how often joining may fail before anybody is told: brokers need a
// moment to find out who coordinates a group.
const hopeful = 3

func closing(group *kafka.ConsumerGroup) <-chan struct{} {
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = group.Close() // returns nil always
	}()
	return left
}

// left waits until the group is left. When a broker does not answer, it hangs up.
func (p *poller) left(left <-chan struct{}) {
	select {
	case <-left:
	case <-time.After(leaveTimeout):
		p.network.hangUp()
		<-left
	}
}

// serve reads the partitions that are the member's own in one generation, until
// that ends, or ctx does and what is under way is done.
func (p *poller) serve(ctx context.Context, g *kafka.Generation) (err error) {
	ended := make(chan struct{})
	g.Start(func(generation context.Context) {
		defer close(ended)
		err = p.share(ctx, generation, g)
	})
	<-ended
	return err
}

// share is serve's part within the generation: when it returns, the generation is
// over.
func (p *poller) share(ctx, generation context.Context, g *kafka.Generation) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	stop := context.AfterFunc(generation, func() { end(nil) })
	defer stop()
	var lanes, beside sync.WaitGroup
	for _, a := range g.Assignments[p.mapping.Topic] {
		l := p.newLane(g, a, end)
		lanes.Go(func() { l.run(ctx) })
	}
	staying, leave := context.WithCancel(context.WithoutCancel(ctx))
	beside.Go(func() { p.watch(ctx, end) })
	beside.Go(func() { p.stay(staying, generation, g) })
	<-ctx.Done()
	lanes.Wait()
	leave()
	beside.Wait()
	p.progress.Left()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// stay keeps the member in the group when a generation has ended, which kafka-go
// does not: so that what is under way can still be committed.
func (p *poller) stay(ctx, generation context.Context, g *kafka.Generation) {
	select {
	case <-generation.Done():
	case <-ctx.Done():
		return
	}
	for sleep(ctx, heartbeat) {
		_, _ = p.client.Heartbeat(ctx, &kafka.HeartbeatRequest{GroupID: g.GroupID, GenerationID: g.ID, MemberID: g.MemberID})
	}
}
