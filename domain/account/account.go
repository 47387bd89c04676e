// Package account is who uses the shop: customers, and the managers who run it.
package account

import (
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"triptych/domain/fault"
)

// A Role says what an account may do.
type Role string

const (
	Customer Role = "customer" // buys
	Manager  Role = "manager"  // runs the catalogue, payroll and reports
)

// An Account is one person who can sign in.
type Account struct {
	ID        uuid.UUID
	Email     string // as it was given; unique without regard to case
	Name      string
	Role      Role
	CreatedAt time.Time
}

// A New is what somebody who wants an account sends.
type New struct {
	Email    string
	Password string
	Name     string
}

// Bounds, in characters.
const (
	minPassword = 10
	maxPassword = 128
	maxName     = 100
	maxEmail    = 254 // RFC 5321, 4.5.3.1.3
)

// Validate returns the fault "invalid" with every rule that n breaks.
func (n New) Validate() error {
	var c fault.Checker
	c.Check(ValidEmail(n.Email), "/email", "must be an e-mail address such as ada@example.com")
	length := utf8.RuneCountInString(n.Password)
	c.Check(length >= minPassword && length <= maxPassword, "/password",
		"must have %d to %d characters, has %d", minPassword, maxPassword, length)
	name := utf8.RuneCountInString(n.Name)
	c.Check(name >= 1 && name <= maxName, "/name", "must have 1 to %d characters, has %d", maxName, name)
	return c.Err()
}

// ValidEmail reports whether s is a bare address: no display name, no comment.
func ValidEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= maxEmail
}

// FoldEmail returns the form under which an e-mail address is unique.
func FoldEmail(s string) string { return strings.ToLower(s) }
