// Package fault holds the failures that a client may see: a kind that a
// transport maps to its own status, a stable code for programs, and a sentence
// for people. An error that is not a fault is internal, and its text stays
// inside.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Kind says what sort of failure it is. Transports translate it, each in one
// table. Kinds are only ever added at the end: they cross the wire.
type Kind int

const (
	Internal         Kind = iota // ours; nothing of the cause is told
	Malformed                    // the request cannot be read
	Unauthenticated              // who is asking is not known
	Forbidden                    // who is asking may not
	NotFound                     // no such thing, or none that the caller may know of
	MethodNotAllowed             // the thing exists, the verb does not apply
	Conflict                     // the thing's state does not allow it
	TooLarge                     // the body is over the limit
	UnsupportedMedia             // the body is of the wrong type
	Invalid                      // the request can be read and breaks a rule
	TooMany                      // this caller asks too often
	Unavailable                  // try again later
)

// A Field names one broken rule: where (an RFC 6901 JSON pointer into the
// request's body) and what.
type Field struct {
	Pointer string
	Detail  string
}

// A Fault is an error that the client may see.
type Fault struct {
	Kind       Kind
	Code       string // stable, snake case: out_of_stock
	Detail     string // a sentence for people
	Fields     []Field
	RetryAfter time.Duration // zero when trying again is not advised
}

// Error returns the code and the detail.
func (f *Fault) Error() string { return f.Code + ": " + f.Detail }

// New returns a fault whose detail is formatted as by fmt.Sprintf.
func New(kind Kind, code, format string, args ...any) *Fault {
	return &Fault{Kind: kind, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// After returns a copy of f that asks the client to try again after d.
func (f *Fault) After(d time.Duration) *Fault {
	c := *f
	c.RetryAfter = d
	return &c
}

// From returns the fault in err's chain; an err without one becomes the fault
// "internal", which tells nothing of the cause. From(nil) is nil.
func From(err error) *Fault {
	if err == nil {
		return nil
	}
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "internal", "something went wrong on our side")
}

// Is reports whether err is a fault with that code.
func Is(err error, code string) bool {
	var f *Fault
	return errors.As(err, &f) && f.Code == code
}

// NewInvalid returns the fault "invalid" with one broken rule.
func NewInvalid(pointer, format string, args ...any) error {
	var c Checker
	c.Check(false, pointer, format, args...)
	return c.Err()
}

// A Checker collects broken rules, so that a client hears of all of them at
// once. The zero Checker is ready to use.
type Checker struct{ fields []Field }

// Check records that the value at pointer breaks a rule, unless ok.
func (c *Checker) Check(ok bool, pointer, format string, args ...any) {
	if !ok {
		c.fields = append(c.fields, Field{pointer, fmt.Sprintf(format, args...)})
	}
}

// Err returns the fault "invalid" with every broken rule, or nil.
func (c *Checker) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	f := New(Invalid, "invalid", "%d fields break a rule", len(c.fields))
	if first := c.fields[0]; len(c.fields) == 1 {
		f.Detail = strings.TrimPrefix(first.Pointer+": "+first.Detail, ": ") // no pointer: it is of the whole
	}
	f.Fields = c.fields
	return f
}
