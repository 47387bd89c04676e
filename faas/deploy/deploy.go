// Package deploy makes the functions of a runner what they are wanted to be. It
// goes by way of Lambda's API alone, and asks first how things are: what is as
// wanted already is not touched, so that its instances stay warm.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"golang.org/x/sync/errgroup"

	"triptych/faas/build"
)

// A Function is what is wanted. What is nil stays as it is, and is Lambda's
// default when the function is new; unless Exact, of which see below.
type Function struct {
	Name string
	Zip  build.Zip

	Description, Runtime, Handler *string
	Memory, TmpSize               *int           // MB
	Timeout                       *time.Duration // whole seconds
	Env                           map[string]string
	DeadLetter                    *string // ARN; empty is none
	Tracing                       *string
	Arch                          string
	Tags                          map[string]string // those that are named
	Reserved                      *int
	Unreserve                     bool    // take a reservation away
	Recursion                     *string // Allow or Terminate
	Async                         *Async
	Alias                         string   // publish a version, and have this alias mean it
	Gradual                       *Gradual // how the alias comes to mean it; nil is at once
	VersionDescription            string
	Provisioned                   *int // instances of the alias kept ready
	URL                           *URL // of the alias, if there is one

	// Exact says that nil is none: what the function has and this does not name
	// is taken away. A template is meant so.
	Exact bool
}

// Async is what becomes of events that nobody waits for.
type Async struct {
	Retries              *int
	MaxAge               *int   // seconds
	OnSuccess, OnFailure string // ARNs
}

// A Change is what was done to a function.
type Change struct {
	Created bool
	What    []string // what was changed of one that was there: "code", "memory", …
	URL     string   // where it answers HTTP; empty when it does not
	Shift   *Shift   // what is left to do: the alias still means another version; nil is nothing
}

// String is "created", "unchanged", or what was changed.
func (c Change) String() string {
	switch {
	case c.Created:
		return "created"
	case len(c.What) == 0:
		return "unchanged"
	}
	return "updated: " + strings.Join(c.What, ", ")
}

// An Error says which function was not deployed.
type Error struct {
	Name string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("deploy %s: %v", e.Name, e.Err) }

// Unwrap returns why.
func (e *Error) Unwrap() error { return e.Err }

// atOnce bounds how many functions are deployed at a time: each is in memory.
const atOnce = 4

// All makes functions what they are wanted to be, and returns what was done to
// each. They may name each other: all are there before what refers to others
// is set. The errors of all are reported, each an *Error.
func All(ctx context.Context, client *lambda.Client, functions []Function) ([]Change, error) {
	changes := make([]Change, len(functions))
	errs := make([]error, len(functions))
	for _, step := range []func(*deployment) error{(*deployment).function, (*deployment).settings} {
		var g errgroup.Group
		g.SetLimit(atOnce)
		for i := range functions {
			if errs[i] != nil {
				continue
			}
			g.Go(func() error {
				d := &deployment{ctx: ctx, client: client, want: &functions[i], change: &changes[i]}
				if err := step(d); err != nil {
					errs[i] = &Error{functions[i].Name, err}
				}
				return nil
			})
		}
		_ = g.Wait() // the errors are in errs
	}
	return changes, errors.Join(errs...)
}

// A deployment is one function on its way. It lives as long as a step of All,
// whose context it has.
type deployment struct {
	ctx    context.Context
	client *lambda.Client
	want   *Function
	change *Change
}

// changed notes what was changed; of a function that is new, everything is.
func (d *deployment) changed(what string) {
	if !d.change.Created {
		d.change.What = append(d.change.What, what)
	}
}
