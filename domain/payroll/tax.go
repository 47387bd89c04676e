package payroll

import "triptych/domain/money"

// ToDate is what an employee's earlier payslips of the same tax year add up to.
type ToDate struct {
	Pay money.Amount // gross less pension: what tax was computed on
	Tax money.Amount // what was deducted, less what was refunded
}

// tax returns the month's income tax, negative when some is given back. pay is
// the month's pay after pension.
//
// Source: HMRC, Specification for PAYE tax table routines; the limit of half
// of the pay is the Income Tax (PAYE) Regulations 2003, regulation 23.
func (r *Rates) tax(c TaxCode, month int, pay money.Amount, before ToDate) money.Amount {
	if c.monthOne {
		month, before = 1, ToDate{}
	}
	due := r.due(c, month, before.Pay+pay) - before.Tax
	return min(due, pay/2) // whole pence, rounded down
}

// due returns the tax to date on the pay to date, at the end of the tax
// year's month n.
func (r *Rates) due(c TaxCode, n int, pay money.Amount) money.Amount {
	free := money.Amount(n) * c.monthly()
	switch c.kind {
	case noTax:
		return 0
	case flatRate:
		return pay / 100 * money.Amount(r.bands[c.flat].percent)
	case addition:
		free = -free
	}
	if pay <= free {
		return 0
	}
	return r.onBands(int64(n), pay-free)
}

// onBands returns the tax on taxable pay to date. Which band rules is found by
// the pay as it is and the band's width rounded up to the pound; the tax is
// then computed on whole pounds with that width as it is, and rounded down to
// the penny.
func (r *Rates) onBands(n int64, taxable money.Amount) money.Amount {
	// Twelfths of pence times percent keep it exact: 100 pence × 12 months.
	const scale = 12 * 100
	pounds := int64(taxable) / 100
	var below, tax int64 // the yearly width of the lower bands, and the tax on them times scale
	for _, b := range r.bands {
		width := money.Amount((b.upTo*n + 11) / 12 * 100)
		if b.upTo == 0 || taxable <= width {
			tax += (pounds*12 - below*n) * 100 * b.percent
			break
		}
		tax += (b.upTo - below) * n * 100 * b.percent
		below = b.upTo
	}
	return money.Amount(tax / scale)
}
