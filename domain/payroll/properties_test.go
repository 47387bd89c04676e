package payroll

import (
	"testing"

	"pgregory.net/rapid"
	"triptych/domain/money"
)

var (
	anyCode = rapid.Custom(func(t *rapid.T) string {
		code := rapid.SampledFrom([]string{"1257L", "45L", "500T", "501M", "1000N", "K45", "K1200", "BR", "D0", "D1", "0T", "NT"}).Draw(t, "code")
		return code + rapid.SampledFrom([]string{"", "X"}).Draw(t, "basis")
	})
	anyEmployee = rapid.Custom(func(t *rapid.T) Employee {
		e := Employee{ID: "e", Name: "E", TaxCode: anyCode.Draw(t, "tax code"),
			NICategory:     rapid.StringMatching("["+NICategories+"]").Draw(t, "category"),
			PensionPercent: rapid.IntRange(0, maxPension).Draw(t, "pension")}
		if rapid.Bool().Draw(t, "salaried") {
			e.Pay.Salary = money.Amount(rapid.Int64Range(1, int64(maxSalary)).Draw(t, "salary"))
		} else {
			e.Pay.Hourly = money.Amount(rapid.Int64Range(1, int64(maxHourly)).Draw(t, "hourly"))
		}
		return e
	})
	anyRow = rapid.Custom(func(t *rapid.T) Row {
		hours := rapid.Int64Range(0, int64(MaxHours))
		return Row{Employee: "e", Hours: Hundredths(hours.Draw(t, "hours")), Overtime: Hundredths(hours.Draw(t, "overtime"))}
	})
)

// year is the tax year 2026-27, month by month.
func year() []Period {
	var months []Period
	for p := (Period{2026, 4}); p != (Period{2027, 4}); {
		months = append(months, p)
		if p.Month++; p.Month > 12 {
			p = Period{p.Year + 1, 1}
		}
	}
	return months
}

// work computes a year of payslips, each after those before it.
func work(t *rapid.T, r *Rates, e Employee, row func(month int) Row) []Payslip {
	var slips []Payslip
	var before ToDate
	for i, p := range year() {
		slip, err := Compute(r, p, e, row(i), before)
		if err != nil {
			t.Fatal(err)
		}
		before = ToDate{Pay: before.Pay + slip.Gross - slip.Pension, Tax: before.Tax + slip.Tax}
		slips = append(slips, slip)
	}
	return slips
}

func TestNetAndDeductionsMakeGross(t *testing.T) {
	r := rates2026(t)
	rapid.Check(t, func(t *rapid.T) {
		e := anyEmployee.Draw(t, "employee")
		if err := e.Validate(); err != nil {
			t.Fatalf("the generator makes bad employees: %v", err)
		}
		var sum Totals
		for _, s := range work(t, r, e, func(int) Row { return anyRow.Draw(t, "row") }) {
			if s.Net+s.Tax+s.EmployeeNI+s.Pension != s.Gross {
				t.Fatalf("%+v does not add up", s)
			}
			if s.Net < 0 || s.Pension < 0 || s.EmployeeNI < 0 || s.EmployerNI < 0 || s.Tax > (s.Gross-s.Pension)/2 {
				t.Fatalf("%+v: negative, or more than half of the pay taxed", s)
			}
			sum = sum.Plus(s.Totals)
		}
		if sum.Net+sum.Tax+sum.EmployeeNI+sum.Pension != sum.Gross {
			t.Fatalf("the year %+v does not add up", sum)
		}
		if sum.Tax < 0 {
			t.Fatalf("more tax was given back than taken: %v", sum.Tax)
		}
	})
}

func TestTwelveMonthsMakeTheSalary(t *testing.T) {
	r := rates2026(t)
	rapid.Check(t, func(t *rapid.T) {
		e := anyEmployee.Draw(t, "employee")
		e.Pay = Pay{Salary: money.Amount(rapid.Int64Range(1, int64(maxSalary)).Draw(t, "salary"))}
		var gross money.Amount
		for _, s := range work(t, r, e, func(int) Row { return Row{} }) {
			if d := s.Gross*12 - e.Pay.Salary; d <= -12 || d >= 12 {
				t.Fatalf("a month of %v is not a twelfth of %v", s.Gross, e.Pay.Salary)
			}
			gross += s.Gross
		}
		if gross != e.Pay.Salary {
			t.Fatalf("the year's pay is %v, the salary %v", gross, e.Pay.Salary)
		}
	})
}

// However the pay falls, cumulative tax at the year's end is the tax on the
// year, as the law has it: the bands on the year's pay less the allowance. The
// differences are the stated roundings: free pay is up to a penny a month over
// (and, over 500, the block's penny fractions) and the code's £9 in favour;
// taxable pay is rounded down to the pound; tax to the penny. The limit of
// half of the pay can hold some back, so codes without K and steady pay.
func TestTwelveMonthsMakeTheYearsTax(t *testing.T) {
	r := rates2026(t)
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.IntRange(1, 3000).Draw(t, "code number")
		salary := money.Amount(rapid.Int64Range(12_00, 400_000_00).Draw(t, "salary"))
		code := TaxCode{kind: allowance, number: number}
		var before ToDate
		for i, pay := range salary.Split(12) {
			tax := r.tax(code, i+1, pay, before)
			before = ToDate{Pay: before.Pay + pay, Tax: before.Tax + tax}
		}
		low := taxOnYear(salary-money.Amount(number)*1000-9_00-2_00) - 1 // £2 covers the pennies and the pound
		high := taxOnYear(salary - money.Amount(number)*1000)
		if before.Tax < low || before.Tax > high {
			t.Fatalf("code %d on %v: %v in twelve months, want %v to %v", number, salary, before.Tax, low, high)
		}
	})
}

// taxOnYear is the year's tax on taxable pay in pence, with no PAYE about it.
func taxOnYear(taxable money.Amount) money.Amount {
	taxable = max(0, taxable)
	basic := min(taxable, 37_700_00)
	higher := min(taxable, 125_140_00) - basic
	return (basic*20 + higher*40 + (taxable-basic-higher)*45) / 100
}

// What somebody gets depends on their own row and their own past alone: paid in
// any order, everybody gets the same.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	r := rates2026(t)
	rapid.Check(t, func(t *rapid.T) {
		type paid struct {
			employee Employee
			row      Row
			before   ToDate
		}
		staff := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) paid {
			return paid{anyEmployee.Draw(t, "employee"), anyRow.Draw(t, "row"),
				ToDate{Pay: money.Amount(rapid.Int64Range(0, 1e8).Draw(t, "pay")), Tax: money.Amount(rapid.Int64Range(0, 1e6).Draw(t, "tax"))}}
		}), 2, 6).Draw(t, "staff")
		pay := func(order []int) (map[int]Payslip, Totals) {
			slips, sum := map[int]Payslip{}, Totals{}
			for _, i := range order {
				slip, err := Compute(r, Period{2026, 11}, staff[i].employee, staff[i].row, staff[i].before)
				if err != nil {
					t.Fatal(err)
				}
				slips[i], sum = slip, sum.Plus(slip.Totals)
			}
			return slips, sum
		}
		inOrder := make([]int, len(staff))
		for i := range inOrder {
			inOrder[i] = i
		}
		one, oneSum := pay(inOrder)
		other, otherSum := pay(rapid.Permutation(inOrder).Draw(t, "order"))
		for i := range one {
			if one[i] != other[i] {
				t.Fatalf("employee %d: %+v in one order, %+v in another", i, one[i], other[i])
			}
		}
		if oneSum != otherSum {
			t.Fatalf("totals %+v in one order, %+v in another", oneSum, otherSum)
		}
	})
}
