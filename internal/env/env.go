// Package env reads a program's settings from environment variables, once, and
// tells of everything that is wrong with them at once.
package env

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A Reader reads variables and collects complaints. Read everything first,
// then ask Err; until then a value may be its default because what was set
// cannot be read.
//
// An empty variable counts as unset: that is how compose files and shells leave
// one out. For a variable X that is unset, X_FILE names a file that holds its
// value: that is how containers are given secrets.
type Reader struct {
	Getenv     func(string) string
	complaints []error
}

// Err returns every complaint, each one sentence on a line of its own, or nil.
func (r *Reader) Err() error { return errors.Join(r.complaints...) }

// Complain adds a complaint about a value that this package cannot judge. The
// same one twice is one.
func (r *Reader) Complain(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, c := range r.complaints {
		if c.Error() == err.Error() {
			return
		}
	}
	r.complaints = append(r.complaints, err)
}

// value returns what a variable is set to, by itself or by a file; nothing, and
// that it is wrong, when there was something to complain about.
func (r *Reader) value(name string) (s string, wrong bool) {
	s = strings.TrimSpace(r.Getenv(name))
	file := strings.TrimSpace(r.Getenv(name + "_FILE"))
	switch {
	case file == "":
		return s, false
	case s != "":
		r.Complain("%s and %s_FILE are both set: leave one out", name, name)
		return "", true
	}
	b, err := os.ReadFile(file)
	if err != nil {
		r.Complain("%s_FILE: %w", name, err)
		return "", true
	}
	return strings.TrimSpace(string(b)), false
}

// String returns a variable, or otherwise the default.
func (r *Reader) String(name, otherwise string) string {
	if s, _ := r.value(name); s != "" {
		return s
	}
	return otherwise
}

// Required returns a variable that has no default.
func (r *Reader) Required(name string) string {
	s, wrong := r.value(name)
	if s == "" && !wrong {
		r.Complain("%s must be set", name)
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
		r.Complain("%s must be a whole number from %d to %d, not %q", name, least, most, s)
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
		r.Complain("%s must be an address that begins with %s://", name, strings.Join(schemes, ":// or "))
		return ""
	}
	return s
}
