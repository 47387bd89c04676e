package main

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"triptych/faas/deploy"
	"triptych/faas/function"
	"triptych/faas/sandbox"
)

// A wish is what the flags of deploy say about one function.
type wish struct {
	memory, timeout, slots int
	env                    pairs
	isolation, connect     string
	keepAlive              time.Duration
	reserved               string
}

var wishes = []string{"memory", "timeout", "env", "isolation", "connect", "keep-alive", "max-concurrency", "reserved"}

func (w *wish) flags(flags *flag.FlagSet) {
	w.env = pairs{}
	flags.IntVar(&w.memory, "memory", 0, "")
	flags.IntVar(&w.timeout, "timeout", 0, "")
	flags.Var(w.env, "env", "")
	flags.StringVar(&w.isolation, "isolation", "", "")
	flags.StringVar(&w.connect, "connect", "", "")
	flags.DurationVar(&w.keepAlive, "keep-alive", 0, "")
	flags.IntVar(&w.slots, "max-concurrency", 0, "")
	flags.StringVar(&w.reserved, "reserved", "", "")
}

// set names one of the flags that was set, if any was.
func (w *wish) set(flags *flag.FlagSet) string {
	g := given(flags)
	for _, name := range wishes {
		if g[name] {
			return name
		}
	}
	return ""
}

// function is what is wanted of a function. What no flag names stays as it is.
func (w *wish) function(flags *flag.FlagSet, name string) (deploy.Function, error) {
	f := deploy.Function{Name: name, Tags: map[string]string{}}
	if err := function.CheckName(name); err != nil {
		return f, usageError{fmt.Errorf("deploy: %w", err)}
	}
	set := given(flags)
	for _, n := range []struct { // a function that is not there yet would have its default for 0
		flag     string
		value    int
		from, to int
	}{
		{"memory", w.memory, function.MinMemory, function.MaxMemory},
		{"timeout", w.timeout, 1, int(function.MaxTimeout / time.Second)},
	} {
		if set[n.flag] && n.value == 0 {
			return f, usageError{fmt.Errorf("deploy: --%s is 0: it must be from %d to %d", n.flag, n.from, n.to)}
		}
	}
	if set["memory"] {
		f.Memory = &w.memory
	}
	if set["timeout"] {
		timeout := time.Duration(w.timeout) * time.Second
		f.Timeout = &timeout
	}
	if set["env"] {
		f.Env = w.env
	}
	if set["isolation"] {
		f.Tags[function.TagIsolation] = w.isolation
	}
	if set["connect"] {
		f.Tags[function.TagConnect] = strings.ReplaceAll(w.connect, ",", " ")
	}
	if set["keep-alive"] {
		f.Tags[function.TagKeepAlive] = w.keepAlive.String()
	}
	if set["max-concurrency"] {
		f.Tags[function.TagMaxConcurrency] = strconv.Itoa(w.slots)
	}
	if set["reserved"] && w.reserved != "none" {
		n, err := strconv.Atoi(w.reserved)
		if err != nil || n < 0 {
			return f, usageError{fmt.Errorf("deploy: --reserved is %q: it must be a whole number, or none", w.reserved)}
		}
		f.Reserved = &n
	}
	f.Unreserve = w.reserved == "none"
	return f, w.check(&f)
}

// check says what Lambda would refuse before anything is built.
func (w *wish) check(f *deploy.Function) error {
	if _, set := f.Tags[function.TagIsolation]; set && !slices.Contains(levels, sandbox.Level(w.isolation)) {
		return usageError{fmt.Errorf("deploy: the isolation %s is not one there is: none, basic, standard or strict", w.isolation)}
	}
	settings, err := function.SettingsFrom(f.Tags)
	if err == nil {
		c := function.Config{Name: f.Name, Runtime: "provided.al2023", Env: f.Env, Runner: settings, Memory: w.memory, Timeout: time.Duration(w.timeout) * time.Second}
		err = c.Check()
	}
	if err != nil {
		return usageError{fmt.Errorf("deploy: %w", err)}
	}
	return nil
}
