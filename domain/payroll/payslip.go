package payroll

import (
	"fmt"

	"triptych/domain/money"
)

// A Payslip is what one employee gets for one period, and where the rest went.
type Payslip struct {
	Employee string
	Period   Period
	Totals
	TaxCode  string
	Hours    Hundredths
	Overtime Hundredths
}

// Totals are the sums of a payslip, or of many. Net and the deductions (tax,
// employee's National Insurance, pension) add up to gross; the employer's
// share comes on top.
type Totals struct {
	Gross      money.Amount
	Tax        money.Amount
	EmployeeNI money.Amount
	Pension    money.Amount
	Net        money.Amount
	EmployerNI money.Amount
}

// Plus returns the sums of t and u.
func (t Totals) Plus(u Totals) Totals {
	return Totals{
		Gross:      t.Gross + u.Gross,
		Tax:        t.Tax + u.Tax,
		EmployeeNI: t.EmployeeNI + u.EmployeeNI,
		Pension:    t.Pension + u.Pension,
		Net:        t.Net + u.Net,
		EmployerNI: t.EmployerNI + u.EmployerNI,
	}
}

// Compute returns e's payslip for p. before is what e's earlier payslips of
// the tax year add up to; r must be that year's rates. An employee that does
// not validate is an error.
func Compute(r *Rates, p Period, e Employee, row Row, before ToDate) (Payslip, error) {
	code, err := ParseTaxCode(e.TaxCode)
	if err != nil {
		return Payslip{}, fmt.Errorf("employee %s: %w", e.ID, err)
	}
	if _, ok := r.categories[e.NICategory]; !ok {
		return Payslip{}, fmt.Errorf("employee %s: no rates for National Insurance category %q", e.ID, e.NICategory)
	}
	var t Totals
	t.Gross = e.Pay.gross(p, row)
	t.Pension = t.Gross.Ratio(int64(e.PensionPercent), 100)
	t.Tax = r.tax(code, p.TaxMonth(), t.Gross-t.Pension, before)
	t.EmployeeNI, t.EmployerNI = r.insurance(e.NICategory, t.Gross)
	t.Net = t.Gross - t.Pension - t.Tax - t.EmployeeNI
	slip := Payslip{Employee: e.ID, Period: p, Totals: t, TaxCode: e.TaxCode}
	if e.Pay.Salary == 0 { // hours do not matter to the salaried
		slip.Hours, slip.Overtime = row.Hours, row.Overtime
	}
	return slip, nil
}

// gross is the month's pay: the hours, overtime half as much again, or a
// twelfth of the salary, so that twelve months add up to it.
func (pay Pay) gross(p Period, row Row) money.Amount {
	if pay.Salary > 0 {
		return pay.Salary.Split(12)[p.TaxMonth()-1]
	}
	// Hundredths of an hour, at two halves of the rate and at three.
	return pay.Hourly.Ratio(int64(2*row.Hours+3*row.Overtime), 200)
}
