package deploy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"golang.org/x/sync/errgroup"
)

// Gradual is how the events of an alias go over to a new version bit by bit.
type Gradual struct {
	Shares   []int         // percent of the events, rising; the last step, to all of them, is not among these
	Interval time.Duration // between two steps
}

// A Shift is an alias on its way from one version to another. All has made both,
// and Run has the alias take the steps. Where the alias is, is all that is known
// of a shift that was interrupted, so it goes on from there.
type Shift struct {
	Function, Alias string
	From, To        string // versions
	Share           int    // percent of the events that go to To
	Gradual

	revision string // of the alias as it was left
}

func newShift(f *Function, now *lambda.GetAliasOutput, to string) *Shift {
	return &Shift{
		Function: f.Name, Alias: f.Alias, From: aws.ToString(now.FunctionVersion), To: to,
		Share: share(now.RoutingConfig, to), Gradual: *f.Gradual, revision: aws.ToString(now.RevisionId),
	}
}

// Done tells whether the alias means the new version alone.
func (s Shift) Done() bool { return s.Share == 100 }

// ShiftOptions say how shifts are run.
type ShiftOptions struct {
	Told func(Shift) // is called after each step, and first for a shift that goes on; one call at a time

	// Wait waits between two steps; nil waits so long.
	Wait func(context.Context, time.Duration) error
}

// Run shifts the events of aliases side by side, until all go to the new
// versions. The first error, an *Error, ends them all, as does the end of ctx:
// the aliases stay as they are then.
func Run(ctx context.Context, client *lambda.Client, shifts []*Shift, o ShiftOptions) error {
	if o.Wait == nil {
		o.Wait = sleep
	}
	var mu sync.Mutex
	told := func(s Shift) {
		mu.Lock()
		defer mu.Unlock()
		o.Told(s)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range shifts {
		g.Go(func() error {
			for _, share := range s.ahead() {
				if err := s.step(ctx, client, share); err != nil {
					return &Error{s.Function, err}
				}
				told(*s)
				if s.Done() {
					break
				}
				if err := o.Wait(ctx, s.Interval); err != nil {
					return &Error{s.Function, err}
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// ahead are the shares to come, and the present one if there is one: how long
// it has been so is not known, and it should be so for an interval.
func (s *Shift) ahead() []int {
	var all []int
	for _, share := range append(append([]int{s.Share}, s.Shares...), 100) {
		if share >= s.Share && share > 0 && (len(all) == 0 || share > all[len(all)-1]) {
			all = append(all, share)
		}
	}
	return all
}

// step has the alias give a share of its events to the new version. Should
// somebody else have changed the alias meanwhile, it is left to them.
func (s *Shift) step(ctx context.Context, client *lambda.Client, share int) error {
	if share == s.Share {
		return nil
	}
	in := &lambda.UpdateAliasInput{FunctionName: &s.Function, Name: &s.Alias, FunctionVersion: &s.From, RevisionId: &s.revision, RoutingConfig: &types.AliasRoutingConfiguration{}}
	if share == 100 {
		in.FunctionVersion = &s.To
	} else {
		in.RoutingConfig.AdditionalVersionWeights = map[string]float64{s.To: float64(share) / 100}
	}
	out, err := client.UpdateAlias(ctx, in)
	if _, other := errors.AsType[*types.PreconditionFailedException](err); other {
		return fmt.Errorf("the alias %s was changed by somebody else, and is left to them", s.Alias)
	}
	if err != nil {
		return fmt.Errorf("have the alias %s give %d %% to version %s: %w", s.Alias, share, s.To, err)
	}
	s.Share, s.revision = share, aws.ToString(out.RevisionId)
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
