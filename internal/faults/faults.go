// Package faults has things go wrong on purpose, at named points of the code, so
// that a test can ask of each: and if the process dies here? The points are
// compiled in and do nothing until a fault is planted, which only a process that
// was started with FAULTS=on allows.
package faults

import "context"

// A Kind is what goes wrong.
type Kind int

// The kinds.
const (
	Exit      Kind = iota + 1 // the step is done, and the process ends before anybody hears of it
	Error                     // the step is done, and told as failed
	Stall                     // the step is done after a while
	Duplicate                 // the step is done twice
)

// Point does a step of the program, do, at a named point. When a fault is
// planted there, it goes wrong, once.
func Point(ctx context.Context, name string, do func(context.Context) error) error {
	return do(ctx)
}
