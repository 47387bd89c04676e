package payroll

import (
	"fmt"

	"triptych/domain/fault"
)

// A Period is a calendar month that wages are paid for.
type Period struct {
	Year  int
	Month int // 1 is January
}

// ParsePeriod reads "2026-11". What does not read so is the fault
// "bad_parameter".
func ParsePeriod(s string) (Period, error) {
	var p Period
	ok := len(s) == 7 && s[4] == '-'
	for i := 0; ok && i < len(s); i++ {
		ok = i == 4 || s[i] >= '0' && s[i] <= '9'
	}
	if ok {
		p.Year, p.Month = digits(s[:4]), digits(s[5:])
	}
	if !ok || p.Month < 1 || p.Month > 12 {
		return Period{}, fault.New(fault.Malformed, "bad_parameter", "period must be a month such as 2026-11")
	}
	return p, nil
}

// digits returns the number that s, digits only, writes.
func digits(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = n*10 + int(c-'0')
	}
	return n
}

// String returns "2026-11".
func (p Period) String() string { return fmt.Sprintf("%04d-%02d", p.Year, p.Month) }

// TaxMonth is the month's number in its tax year: April is 1, March is 12.
func (p Period) TaxMonth() int { return (p.Month+8)%12 + 1 }

// TaxYear names the tax year, "2026-27": it runs from April to March.
func (p Period) TaxYear() string {
	first := p.FirstOfTaxYear().Year
	return fmt.Sprintf("%04d-%02d", first, (first+1)%100)
}

// FirstOfTaxYear is the April that p's tax year begins with.
func (p Period) FirstOfTaxYear() Period {
	if p.Month < 4 {
		return Period{Year: p.Year - 1, Month: 4}
	}
	return Period{Year: p.Year, Month: 4}
}
