// Package conformance proves that a running shop keeps the contract. It is a
// black box: all it knows is a URL, a manager's sign-in and openapi.yaml, and
// it can be pointed at any of the three architectures, on any machine. It makes
// its own accounts and products, so it may be run against the same shop again.
//
// Every answer to every request is also held against openapi.yaml: its status,
// its headers, its media type and the shape of its body.
package conformance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"triptych/api"
)

// A Target is the shop to be proved.
type Target struct {
	URL     string        // http://localhost:8080
	Manager Credentials   // of an account with the role manager
	Settle  time.Duration // how long a pending order, run or picture may take; 0 means 15 s
}

// Credentials are what somebody signs in with.
type Credentials struct{ Email, Password string }

// A T is what Run needs of a *testing.T, so that the suite can also be linked
// into a program.
type T[S any] interface {
	Context() context.Context
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Helper()
	Logf(format string, args ...any)
	Run(name string, f func(S)) bool
}

// Run proves a shop as subtests of t, one per case.
func Run[S T[S]](t S, target Target) {
	t.Helper()
	s, err := newSuite(t.Context(), target)
	if err != nil {
		t.Fatalf("%v", err)
		return
	}
	defer s.close()
	for _, c := range s.scenarios() {
		t.Run(strings.ReplaceAll(c.section+"/"+c.name, " ", "_"), func(t S) {
			t.Helper()
			result := s.run(t.Context(), c)
			for _, note := range result.Notes {
				t.Logf("%s", note)
			}
			for _, problem := range result.Problems {
				t.Errorf("%s", problem)
			}
		})
	}
}

// A Result is how one case went.
type Result struct {
	Section  string
	Name     string
	Problems []string // what is wrong with the shop; none when it kept the contract
	Notes    []string // what could not be seen from outside, and such
	Took     time.Duration
}

// A Summary is how all of them went.
type Summary struct {
	Passed, Failed int
	Requests       int // answers that were held against openapi.yaml
	Took           time.Duration
}

// Check proves a shop and reports each case as it ends. The error says why it
// could not begin, or that ctx ended it; cases that fail are in the summary.
func Check(ctx context.Context, target Target, report func(Result)) (Summary, error) {
	var sum Summary
	start := time.Now()
	s, err := newSuite(ctx, target)
	if err != nil {
		return sum, err
	}
	defer s.close()
	for _, c := range s.scenarios() {
		if ctx.Err() != nil {
			break
		}
		result := s.run(ctx, c)
		if len(result.Problems) > 0 {
			sum.Failed++
		} else {
			sum.Passed++
		}
		report(result)
	}
	sum.Requests, sum.Took = int(s.requests.Load()), time.Since(start)
	return sum, ctx.Err()
}

// A scenario is one case: what is done, and what must come of it.
type scenario struct {
	section string
	name    string
	run     func(*try)
}

// scenarios lists all cases. The last ones look back on what the others did.
func (s *suite) scenarios() []scenario {
	return slices.Concat(
		protocol(), accounts(), roles(s.contract), catalogue(), cart(), orders(), moves(), crowds(),
		idempotency(), waiting(), pictures(), forgeries(), payroll(), reports(), books(),
	)
}

func newSuite(ctx context.Context, target Target) (*suite, error) {
	contract, err := readContract(api.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	if target.Settle == 0 {
		target.Settle = 15 * time.Second
	}
	s := &suite{
		target: target, contract: contract, client: newClient(), tag: randomTag(),
		started: time.Now(), stockIn: map[string]int{}, seen: map[string]bool{},
	}
	if err := s.begin(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}
