package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// A usageError is something wrong with how the program was called: exit code 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errHelp says that the usage was asked for.
var errHelp = errors.New("help")

// parse reads a command's flags, which may stand before and after its other
// arguments, and returns those. What follows -- is no flag.
func parse(flags *flag.FlagSet, args []string, least, most int, want string) ([]string, error) {
	flags.SetOutput(io.Discard)
	var others, rest []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, rest = args[:i], args[i+1:]
	}
	for len(args) > 0 {
		if len(args[0]) < 2 || args[0][0] != '-' { // "-" is standard input
			others, args = append(others, args[0]), args[1:]
			continue
		}
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return nil, errHelp
		}
		if err != nil {
			return nil, usageError{fmt.Errorf("%s: %w; faas help lists the flags", flags.Name(), plain(flags, err))}
		}
		args = flags.Args()
	}
	others = append(others, rest...)
	if len(others) < least || len(others) > most {
		return nil, usageError{fmt.Errorf("usage: faas %s", want)}
	}
	return others, nil
}

// plain says what a flag takes that was given something else. The flag package
// says "parse error".
func plain(flags *flag.FlagSet, err error) error {
	var value, name string
	if _, no := fmt.Sscanf(err.Error(), "invalid value %q for flag -%s", &value, &name); no != nil {
		return err
	}
	name = strings.TrimSuffix(name, ":")
	f := flags.Lookup(name)
	if f == nil {
		return err
	}
	getter, _ := f.Value.(flag.Getter)
	if getter == nil {
		return err
	}
	switch getter.Get().(type) {
	case int:
		return fmt.Errorf("--%s is %q: it must be a whole number", name, value)
	case time.Duration:
		return fmt.Errorf("--%s is %q: it must be a duration, such as 30s or 5m", name, value)
	}
	return err
}

// given tells which flags were set.
func given(flags *flag.FlagSet) map[string]bool {
	set := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { set[f.Name] = true })
	return set
}

// pairs are flags of the form NAME=VALUE.
type pairs map[string]string

// String is what flag wants to show as a default.
func (p pairs) String() string { return strings.Join(slices.Sorted(maps.Keys(p)), ",") }

// Set adds one.
func (p pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("it must be NAME=VALUE")
	}
	p[name] = value
	return nil
}
