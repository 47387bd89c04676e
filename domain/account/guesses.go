package account

import (
	"time"

	"triptych/domain/fault"
)

// The bound on guessing passwords: after so many failures for one address within
// the window nobody signs in with it, the right password or not, until the window
// has passed.
const (
	MaxFailures   = 10
	FailureWindow = time.Minute
)

// TooManyFailures is the fault that such an address is answered with.
func TooManyFailures() error {
	return fault.New(fault.TooMany, "too_many_attempts",
		"signing in failed too often for this e-mail address; try again in a minute").After(FailureWindow)
}

// NoMatch is the fault of an address and a password that do not belong together. It
// does not tell whether there is such an account.
func NoMatch() error {
	return fault.New(fault.Unauthenticated, "unauthenticated", "the e-mail address or the password is wrong")
}
