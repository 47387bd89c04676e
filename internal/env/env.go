// Package env reads a program's settings from environment variables, once, and
// tells of everything that is wrong with them at once.
package env

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A Reader reads variables and collects complaints. Read everything first,
// then ask Err; until then a value may be its default because what was set
// cannot be read.
//
// An empty variable counts as unset: that is how compose files and shells leave
// one out.
type Reader struct {
	Getenv     func(string) string
	complaints []error
}

// Err returns every complaint, each one sentence on a line of its own, or nil.
func (r *Reader) Err() error { return errors.Join(r.complaints...) }

func (r *Reader) complain(format string, args ...any) {
	r.complaints = append(r.complaints, fmt.Errorf(format, args...))
}

// String returns a variable, or otherwise the default.
func (r *Reader) String(name, otherwise string) string {
	if s := strings.TrimSpace(r.Getenv(name)); s != "" {
		return s
	}
	return otherwise
}

// Required returns a variable that has no default.
func (r *Reader) Required(name string) string {
	s := r.String(name, "")
	if s == "" {
		r.complain("%s must be set", name)
	}
	return s
}

// Int returns a whole number from least to most.
func (r *Reader) Int(name string, otherwise, least, most int) int {
	s := r.String(name, "")
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		r.complain("%s must be a whole number from %d to %d, not %q", name, least, most, s)
		return otherwise
	}
	return n
}

// URL returns an address with one of the schemes, which has no default. The
// complaint does not repeat what was set, which may hold a password.
func (r *Reader) URL(name string, schemes ...string) string {
	s := r.Required(name)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || !slices.Contains(schemes, u.Scheme) || (u.Host == "" && u.RawQuery == "") {
		r.complain("%s must be an address that begins with %s://", name, strings.Join(schemes, ":// or "))
		return ""
	}
	return s
}
