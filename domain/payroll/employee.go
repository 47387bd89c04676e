// Package payroll is the monthly wages: who is paid how, the file of hours,
// and the arithmetic of PAYE income tax and National Insurance for employees
// in England. Amounts are pence, hours are hundredths, percentages are
// hundredths of a percent: nothing here is a float.
package payroll

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"triptych/domain/fault"
	"triptych/domain/money"
)

// An Employee is somebody on the payroll.
type Employee struct {
	ID             string
	Name           string
	TaxCode        string // as HMRC writes it: "1257L", "K475X", "BR"
	NICategory     string // one of the letters of NICategories
	Pay            Pay
	PensionPercent int // of gross pay, taken before tax
}

// Pay is what somebody earns: so much an hour, or so much a year. Exactly one
// of the two is positive.
type Pay struct {
	Hourly money.Amount
	Salary money.Amount
}

// NICategories are the National Insurance category letters that the rates
// know.
const NICategories = "ABCHJMZ"

// The bounds of what is believable; they also keep every later product far
// inside 64 bits.
const (
	maxName                 = 200
	maxHourly  money.Amount = 1_000_00         // £1,000 an hour
	maxSalary  money.Amount = 1_000_000_000_00 // £1,000 million a year
	maxPension              = 50               // above it wages might not cover the tax and National Insurance
)

var employeeID = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// Validate returns the fault "invalid" with every rule that e breaks, or nil.
func (e Employee) Validate() error {
	var c fault.Checker
	c.Check(employeeID.MatchString(e.ID), "/id", "must be 1 to 32 of a to z, 0 to 9 and -")
	c.Check(strings.TrimSpace(e.Name) != "" && utf8.RuneCountInString(e.Name) <= maxName &&
		utf8.ValidString(e.Name) && !strings.ContainsFunc(e.Name, unicode.IsControl),
		"/name", "must be 1 to %d characters that can be shown", maxName)
	_, err := ParseTaxCode(e.TaxCode)
	c.Check(err == nil, "/tax_code", "must be a number with L, M, N or T, a K code, BR, D0, D1, 0T or NT, each with or without X at the end")
	c.Check(len(e.NICategory) == 1 && strings.Contains(NICategories, e.NICategory),
		"/ni_category", "must be one of A, B, C, H, J, M and Z")
	c.Check((e.Pay.Hourly != 0) != (e.Pay.Salary != 0), "/pay", "must be either hourly or salary, and positive")
	c.Check(e.Pay.Hourly >= 0 && e.Pay.Hourly <= maxHourly, "/pay/hourly", "must be at most %d pence, and not negative", maxHourly)
	c.Check(e.Pay.Salary >= 0 && e.Pay.Salary <= maxSalary, "/pay/salary", "must be at most %d pence, and not negative", maxSalary)
	c.Check(e.PensionPercent >= 0 && e.PensionPercent <= maxPension, "/pension_percent", "must be 0 to %d", maxPension)
	return c.Err()
}
