//go:build !linux

package sandbox

import "fmt"

// Check reports why processes cannot be started at a level.
func (s *Sandbox) Check(level Level) error {
	switch level {
	case None, Basic, Auto:
		return nil
	}
	return fmt.Errorf("isolation %q needs Linux: take one of none, basic, auto", level)
}
