package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// A machine is what there is to confine a process with.
type machine struct {
	landlock  landlock
	filter    filter // of system calls
	udpFilter filter
	key       key // of both
	cgroups   cgroups

	// Why there is not; empty is that there is.
	noFiles, noPorts, noSignals, noCalls, noUser, noStrict string
}

// look tries what this machine can.
func look(u users, root string) machine {
	m := machine{landlock: newLandlock(), key: newKey()}
	m.noUser = tryUser(u.first, root)
	m.lookAtLandlock()
	m.noCalls = onThread(func() (err error) {
		if m.filter, err = newFilter(false, m.key); err != nil {
			return err
		}
		if m.udpFilter, err = newFilter(true, m.key); err != nil {
			return err
		}
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return err
		}
		return m.filter.install()
	})
	if m.noStrict = tryNamespaces(root); m.noStrict == "" {
		found, err := findCgroups()
		if err != nil {
			m.noStrict = err.Error()
		} else {
			m.cgroups = found
		}
	}
	return m
}

func (m *machine) lookAtLandlock() {
	const floor = "Landlock %d is needed, this kernel has %s: take Linux %s or newer"
	have := fmt.Sprint(m.landlock.version)
	switch {
	case m.landlock.version == 0:
		have = "none, or it is switched off (lsm= at boot)"
	default:
		m.noFiles = onThread(func() error {
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				return err
			}
			rules, err := m.landlock.open()
			if err != nil {
				return err
			}
			defer rules.close()
			return rules.enforce()
		})
	}
	if m.landlock.version < 3 {
		m.noFiles = fmt.Sprintf(floor, 3, have, "6.2")
	}
	if m.landlock.version < 4 {
		m.noPorts = fmt.Sprintf(floor, 4, have, "6.7")
	}
	if m.landlock.version < 6 && m.noUser != "" {
		m.noSignals = fmt.Sprintf(floor, 6, have, "6.12") + ", or start the runner as root"
	}
}

// tryUser says why processes cannot have users of their own.
func tryUser(user int, root string) string {
	if os.Geteuid() != 0 {
		return "only root can give processes users of their own"
	}
	return onThread(func() error {
		if err := become(user); err != nil {
			return err
		}
		if err := unix.Access(root, unix.X_OK); err != nil {
			return fmt.Errorf("other users cannot reach the data folder %s: open it and those above it to them (chmod o+x), or take another", root)
		}
		return nil
	})
}

// onThread runs f on a thread of its own and says why it could not.
func onThread(f func() error) string {
	answer := make(chan error)
	go onOwnThread(func() { answer <- f() })
	if err := <-answer; err != nil {
		return err.Error()
	}
	return ""
}

// take is the level that is meant, or why it cannot be.
func (m machine) take(level Level) (Level, error) {
	switch level {
	case None, Basic:
		return level, nil
	case Auto:
		if m.lacks(Standard) != nil {
			return Basic, nil
		}
		return Standard, nil
	case Standard, Strict:
		if err := m.lacks(level); err != nil {
			return "", fmt.Errorf("isolation %s: %w (isolation auto takes what there is)", level, err)
		}
		return level, nil
	}
	return "", fmt.Errorf("isolation %q is none of none, basic, standard, strict, auto", level)
}

// lacks says what is missing for a level.
func (m machine) lacks(level Level) error {
	var errs []error
	for _, e := range m.measures(level) {
		if !e.On && e.Name != ownUser && rank[floor[e.Name]] <= rank[level] {
			errs = append(errs, fmt.Errorf("%s: %s", e.Name, e.Why))
		}
	}
	return errors.Join(errs...)
}

// The measures, by the names that are printed.
const (
	endsWithUs   = "ends with the runner"
	noPrivileges = "no privileges"
	limits       = "limits of memory, disk, processes, files"
	files        = "files"
	ports        = "ports"
	signals      = "signals"
	calls        = "system calls"
	ownUser      = "own user"
	namespaced   = "namespaces and cgroup"
)

// floor is the level from which a measure is taken, rank the order of levels.
var (
	floor = map[string]Level{
		endsWithUs: None, noPrivileges: Basic, limits: Basic, files: Standard, ports: Standard, signals: Standard,
		calls: Standard, ownUser: Standard, namespaced: Strict,
	}
	rank = map[Level]int{None: 0, Basic: 1, Standard: 2, Strict: 3}
)

func (m machine) measures(level Level) []Measure {
	var all []Measure
	for _, c := range []struct{ name, missing string }{
		{endsWithUs, ""}, {noPrivileges, ""}, {limits, ""}, {files, m.noFiles}, {ports, m.noPorts}, {signals, m.noSignals},
		{calls, m.noCalls}, {ownUser, m.noUser}, {namespaced, m.noStrict},
	} {
		e := Measure{Name: c.name, On: true}
		switch {
		case c.missing != "":
			e.On, e.Why = false, strings.TrimSpace(c.missing)
		case rank[level] < rank[floor[c.name]]:
			e.On, e.Why = false, fmt.Sprintf("isolation is %s; %s has it", level, floor[c.name])
		}
		all = append(all, e)
	}
	return all
}
