package seed

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"

	"triptych/domain/money"
	"triptych/domain/payroll"
)

// employeesPerScale is how many people a shop of scale 1 employs.
const employeesPerScale = 500

// Employees makes up 500 employees for each unit of scale.
func Employees(seed int64, scale int) []payroll.Employee {
	employees := make([]payroll.Employee, employeesPerScale*scale)
	for i := range employees {
		employees[i] = employee(seed, i)
	}
	return employees
}

func employee(seed int64, i int) payroll.Employee {
	r := source(seed, "employee", i)
	e := payroll.Employee{
		ID:         fmt.Sprintf("e%05d", i+1),
		Name:       pick(r, firstNames) + " " + pick(r, lastNames),
		TaxCode:    taxCode(r),
		NICategory: weighted(r, niCategories),
	}
	e.Pay = pay(r, e.NICategory)
	e.PensionPercent = weighted(r, pensions)
	return e
}

// A weight says how often, of a hundred times, a value is taken.
type weight[T any] struct {
	percent int
	value   T
}

func weighted[T any](r *rand.Rand, values []weight[T]) T {
	n := r.IntN(100)
	for _, v := range values {
		if n < v.percent {
			return v.value
		}
		n -= v.percent
	}
	return values[0].value
}

// niCategories: A for most, H for apprentices under 25, M for those under 21,
// C over the state pension age, B for a reduced rate, J and Z for those who pay the
// larger share elsewhere. (https://www.gov.uk/national-insurance-rates-letters/category-letters)
var niCategories = []weight[string]{{80, "A"}, {6, "M"}, {4, "H"}, {4, "C"}, {2, "J"}, {2, "B"}, {2, "Z"}}

var pensions = []weight[int]{{70, 5}, {10, 0}, {8, 3}, {6, 8}, {4, 10}, {2, 15}}

type codeMaker func(r *rand.Rand) string

var taxCodes = []weight[codeMaker]{
	{66, func(*rand.Rand) string { return "1257L" }},
	{8, func(r *rand.Rand) string { return strconv.Itoa(between(r, 820, 1480)) + "L" }},
	{4, func(*rand.Rand) string { return "1383M" }}, // took over a tenth of a partner's allowance
	{4, func(*rand.Rand) string { return "1131N" }}, // gave it
	{4, func(*rand.Rand) string { return "BR" }},
	{3, func(r *rand.Rand) string { return "K" + strconv.Itoa(between(r, 15, 640)) }},
	{3, func(*rand.Rand) string { return "1257LX" }},
	{2, func(r *rand.Rand) string { return strconv.Itoa(between(r, 200, 900)) + "T" }},
	{2, func(*rand.Rand) string { return "0T" }},
	{1, func(*rand.Rand) string { return "0TX" }},
	{1, func(*rand.Rand) string { return "BRX" }},
	{1, func(*rand.Rand) string { return "D0" }},
	{1, func(*rand.Rand) string { return "NT" }},
}

func taxCode(r *rand.Rand) string { return weighted(r, taxCodes)(r) }

// The least that may be paid for an hour from April 2026, by what the National
// Insurance category says of somebody's age.
// (https://www.gov.uk/national-minimum-wage-rates)
const (
	leastAdult      money.Amount = 12_71
	leastUnder21    money.Amount = 10_85
	leastApprentice money.Amount = 8_00
)

// pay is hourly for seven in ten, and for all who are young.
func pay(r *rand.Rand, category string) payroll.Pay {
	least := leastAdult
	switch category {
	case "H":
		least = leastApprentice
	case "M", "Z":
		least = leastUnder21
	default:
		if chance(r, 33) {
			return payroll.Pay{Salary: salary(r)}
		}
	}
	return payroll.Pay{Hourly: least + money.Amount(r.IntN(20)*r.IntN(20)*5)}
}

// salary is mostly modest, and sometimes reaches every band of income tax.
func salary(r *rand.Rand) money.Amount {
	thousands := between(r, 26, 48)
	switch n := r.IntN(100); {
	case n < 5:
		thousands = between(r, 100, 190)
	case n < 30:
		thousands = between(r, 49, 99)
	}
	return money.Amount(thousands)*1000_00 + money.Amount(r.IntN(10)*100_00)
}

// Timesheet makes up the hours of a month as the file that a payroll run takes,
// for those who are paid by the hour.
func Timesheet(seed int64, scale int, p payroll.Period) []byte {
	var file bytes.Buffer
	file.WriteString("employee,hours,overtime_hours\n")
	for i, e := range Employees(seed, scale) {
		if e.Pay.Hourly == 0 {
			continue
		}
		r := source(seed, "hours of "+p.String(), i)
		fmt.Fprintf(&file, "%s,%s,%s\n", e.ID, hours(r), overtime(r))
	}
	return file.Bytes()
}

// hours are whole weeks' work for most and part-time for some, to the quarter.
func hours(r *rand.Rand) payroll.Hundredths {
	if chance(r, 30) {
		return quarters(r, 24, 110)
	}
	return quarters(r, 140, 176)
}

func overtime(r *rand.Rand) payroll.Hundredths {
	if chance(r, 70) {
		return 0
	}
	return quarters(r, 1, 24)
}

func quarters(r *rand.Rand, low, high int) payroll.Hundredths {
	return payroll.Hundredths(25 * between(r, 4*low, 4*high))
}
