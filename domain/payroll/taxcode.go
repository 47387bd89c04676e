package payroll

import (
	"fmt"
	"regexp"
	"strconv"

	"triptych/domain/money"
)

// A TaxCode is a PAYE code, taken apart.
type TaxCode struct {
	kind codeKind
	// number is a tenth of the yearly allowance, or of what a K code adds.
	number int
	// flat is, for BR, D0 and D1, the index of the one band they tax at.
	flat int
	// monthOne codes (suffix X) look at each month as if it were the first.
	monthOne bool
}

type codeKind int

const (
	allowance codeKind = iota // a number with L, M, N or T, and 0T: free pay, then the bands
	addition                  // K: an amount added to the pay, then the bands
	flatRate                  // BR, D0, D1: one rate on everything
	noTax                     // NT
)

// named are the codes that are words.
var named = map[string]TaxCode{
	"BR": {kind: flatRate, flat: 0},
	"D0": {kind: flatRate, flat: 1},
	"D1": {kind: flatRate, flat: 2},
	"0T": {kind: allowance},
	"NT": {kind: noTax},
}

var codePattern = regexp.MustCompile(`^(?:([1-9][0-9]{0,4})[LMNT]|K([1-9][0-9]{0,4})|(BR|D0|D1|0T|NT))(X?)$`)

// ParseTaxCode takes a code apart.
func ParseTaxCode(s string) (TaxCode, error) {
	m := codePattern.FindStringSubmatch(s)
	if m == nil {
		return TaxCode{}, fmt.Errorf("tax code %q is not one of this country's", s)
	}
	var c TaxCode
	switch {
	case m[1] != "":
		c.number, _ = strconv.Atoi(m[1]) // the pattern allows five digits
	case m[2] != "":
		c.kind = addition
		c.number, _ = strconv.Atoi(m[2])
	default:
		c = named[m[3]]
	}
	c.monthOne = m[4] == "X"
	return c, nil
}

// block is the largest code number that has an amount of its own; what lies
// above comes in blocks of that number, each worth blockFreePay a month.
// Source: HMRC, Specification for PAYE tax table routines, pay adjustment.
const (
	block        = 500
	blockFreePay = money.Amount(416_67)
)

// monthly is the month's free pay of an allowance, and what a K code adds to
// a month's pay.
func (c TaxCode) monthly() money.Amount {
	if c.number == 0 {
		return 0
	}
	blocks, rest := (c.number-1)/block, (c.number-1)%block+1
	year := money.Amount(rest*10+9) * 100
	return money.Amount(blocks)*blockFreePay + (year+11)/12
}
