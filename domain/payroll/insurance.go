package payroll

import "triptych/domain/money"

// insurance returns the month's National Insurance of employee and employer,
// by the exact percentage method.
//
// Source: Social Security (Contributions) Regulations 2001, regulation 12: the
// two are computed apart, each to the nearest penny, and half a penny or less
// is disregarded. Pension contributions do not lower it.
func (r *Rates) insurance(letter string, gross money.Amount) (employee, employer money.Amount) {
	c := r.categories[letter]
	return c.employee.of(gross), c.employer.of(gross)
}

func (s shares) of(gross money.Amount) money.Amount {
	above := max(0, gross-s.limit)
	between := max(0, gross-s.threshold) - above
	const whole = 100_00 // a hundred percent, in hundredths of one
	return money.Amount(halfDown(int64(between)*int64(s.rate)+int64(above)*int64(s.above), whole))
}

// halfDown returns num/den to the nearest whole number, and the lower one of
// two that are equally near. Neither may be negative.
func halfDown(num, den int64) int64 { return (2*num + den - 1) / (2 * den) }
