package payroll

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"triptych/domain/fault"
)

func TestEmployeeRules(t *testing.T) {
	good := Employee{ID: "emp-1", Name: "Ada", TaxCode: "1257L", NICategory: "A", Pay: Pay{Hourly: 1550}, PensionPercent: 5}
	if err := good.Validate(); err != nil {
		t.Fatalf("a good employee: %v", err)
	}
	for _, c := range []struct {
		pointer string
		spoil   func(*Employee)
	}{
		{"/id", func(e *Employee) { e.ID = "Emp 1" }},
		{"/id", func(e *Employee) { e.ID = strings.Repeat("a", 33) }},
		{"/name", func(e *Employee) { e.Name = " " }},
		{"/name", func(e *Employee) { e.Name = "A\x00da" }},
		{"/tax_code", func(e *Employee) { e.TaxCode = "1257" }},
		{"/ni_category", func(e *Employee) { e.NICategory = "X" }},
		{"/ni_category", func(e *Employee) { e.NICategory = "AB" }},
		{"/ni_category", func(e *Employee) { e.NICategory = "" }},
		{"/pay", func(e *Employee) { e.Pay = Pay{} }},
		{"/pay", func(e *Employee) { e.Pay.Salary = 1 }},
		{"/pay/hourly", func(e *Employee) { e.Pay.Hourly = -1 }},
		{"/pay/salary", func(e *Employee) { e.Pay = Pay{Salary: maxSalary + 1} }},
		{"/pension_percent", func(e *Employee) { e.PensionPercent = 51 }},
	} {
		e := good
		c.spoil(&e)
		f := fault.From(e.Validate())
		if f == nil || f.Code != "invalid" || len(f.Fields) != 1 || f.Fields[0].Pointer != c.pointer {
			t.Errorf("%+v: got %+v, want one broken rule at %s", e, f, c.pointer)
		}
	}
}

func TestParseTaxCode(t *testing.T) {
	for code, want := range map[string]TaxCode{
		"1257L":  {kind: allowance, number: 1257},
		"1383M":  {kind: allowance, number: 1383},
		"1131N":  {kind: allowance, number: 1131},
		"45TX":   {kind: allowance, number: 45, monthOne: true},
		"K475":   {kind: addition, number: 475},
		"K9X":    {kind: addition, number: 9, monthOne: true},
		"BR":     {kind: flatRate, flat: 0},
		"D0X":    {kind: flatRate, flat: 1, monthOne: true},
		"D1":     {kind: flatRate, flat: 2},
		"0T":     {kind: allowance},
		"0TX":    {kind: allowance, monthOne: true},
		"NT":     {kind: noTax},
		"99999L": {kind: allowance, number: 99999},
	} {
		got, err := ParseTaxCode(code)
		if err != nil || got != want {
			t.Errorf("ParseTaxCode(%q) = %+v, %v, want %+v", code, got, err, want)
		}
	}
	for _, code := range []string{"", "L", "1257", "0L", "012L", "1257l", "S1257L", "C1257L", "K", "K0", "1257LXX", "1257L X", "D2", "100000L", "BRL", " BR"} {
		if got, err := ParseTaxCode(code); err == nil {
			t.Errorf("ParseTaxCode(%q) = %+v, want an error", code, got)
		}
	}
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		text, year string
		month      int
	}{
		{"2026-04", "2026-27", 1}, {"2026-11", "2026-27", 8}, {"2026-12", "2026-27", 9},
		{"2027-01", "2026-27", 10}, {"2027-03", "2026-27", 12}, {"2027-04", "2027-28", 1}, {"2099-05", "2099-00", 2},
	} {
		p, err := ParsePeriod(c.text)
		if err != nil || p.String() != c.text || p.TaxYear() != c.year || p.TaxMonth() != c.month {
			t.Errorf("%s: %v, year %s, month %d, %v; want year %s, month %d", c.text, p, p.TaxYear(), p.TaxMonth(), err, c.year, c.month)
		}
	}
	for _, bad := range []string{"", "2026", "2026-1", "2026-00", "2026-13", "2026-11-01", "2026/11", "26-11", "+026-11", "2026-1x"} {
		if _, err := ParsePeriod(bad); !fault.Is(err, "bad_parameter") {
			t.Errorf("ParsePeriod(%q): %v, want bad_parameter", bad, err)
		}
	}
}

func TestRatesOfUnknownYears(t *testing.T) {
	for _, p := range []Period{{2026, 3}, {1999, 1}, {2027, 4}} {
		_, err := RatesFor(p)
		if !fault.Is(err, "invalid") || !strings.Contains(err.Error(), "2026-27") {
			t.Errorf("RatesFor(%s): %v, want invalid that names the known years", p, err)
		}
	}
}

func TestEveryPublishedYearIsWhole(t *testing.T) {
	files, err := published.ReadDir("rates")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := published.ReadFile("rates/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		r, err := parseRates(data)
		if err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		if r.TaxYear+".json" != f.Name() || len(r.bands) != 3 || r.bands[2].upTo != 0 {
			t.Errorf("%s: year %s, bands %v", f.Name(), r.TaxYear, r.bands)
		}
		for _, letter := range NICategories {
			c, ok := r.categories[string(letter)]
			if !ok || c.employee.threshold == 0 || c.employer.threshold == 0 || c.employee.limit == 0 || c.employer.limit == 0 {
				t.Errorf("%s: category %c is not whole: %+v", f.Name(), letter, c)
			}
		}
		// A source for each band, each threshold and each category.
		if got, want := strings.Count(string(data), `"source"`), 3+4+len(NICategories); got != want {
			t.Errorf("%s names %d sources, want %d", f.Name(), got, want)
		}
	}
}

func TestGross(t *testing.T) {
	for _, c := range []struct {
		pay         Pay
		hours, over Hundredths
		want        int64
	}{
		{Pay{Hourly: 1200}, 160_00, 0, 1920_00},
		{Pay{Hourly: 1200}, 160_00, 10_00, 2100_00},
		{Pay{Hourly: 1001}, 0, 1, 15}, // 15.015
		{Pay{Hourly: 1}, 50, 0, 0},    // half a penny, to the even one
		{Pay{Hourly: 1}, 1_50, 0, 2},  // one and a half, to the even one
		{Pay{Hourly: 1}, 0, 1_00, 2},  // the same, of overtime
		{Pay{Hourly: 100}, 25, 50, 100},
		{Pay{Salary: 30000_00}, 0, 0, 2500_00},
		{Pay{Salary: 30000_00}, 100_00, 20_00, 2500_00}, // a salary is for the month, whatever the hours
	} {
		got := c.pay.gross(Period{2026, 4}, Row{Hours: c.hours, Overtime: c.over})
		if int64(got) != c.want {
			t.Errorf("%+v for %s and %s hours: %d, want %d", c.pay, c.hours, c.over, got, c.want)
		}
	}
}

func TestComputeRefusesWhatCannotBe(t *testing.T) {
	r := rates2026(t)
	e := Employee{ID: "e", TaxCode: "1257L", NICategory: "A", Pay: Pay{Hourly: 1000}}
	for _, spoil := range []func(*Employee){
		func(e *Employee) { e.TaxCode = "what" },
		func(e *Employee) { e.NICategory = "Q" },
	} {
		bad := e
		spoil(&bad)
		if slip, err := Compute(r, Period{2026, 4}, bad, Row{}, ToDate{}); err == nil {
			t.Errorf("%+v: got %+v, want an error", bad, slip)
		}
	}
}

// A whole payslip, worked by hand: £2,000.00 gross; 5% pension leaves 1,900.00;
// 1257L frees 1,048.26 a month, so 851 whole pounds are taxed at 20%;
// insurance is 8% above 1,048 and 15% above 417.
func TestPayslip(t *testing.T) {
	e := Employee{ID: "emp-1", Name: "Ada", TaxCode: "1257L", NICategory: "A", Pay: Pay{Hourly: 1250}, PensionPercent: 5}
	got, err := Compute(rates2026(t), Period{2026, 4}, e, Row{Employee: "emp-1", Hours: 160_00}, ToDate{})
	if err != nil {
		t.Fatal(err)
	}
	want := Payslip{
		Employee: "emp-1", Period: Period{2026, 4}, TaxCode: "1257L", Hours: 160_00,
		Totals: Totals{Gross: 2000_00, Pension: 100_00, Tax: 170_20, EmployeeNI: 76_16, Net: 1653_64, EmployerNI: 237_45},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("payslip (-want +got):\n%s", diff)
	}
}

func TestParseHundredths(t *testing.T) {
	for text, want := range map[string]Hundredths{"0": 0, "160": 160_00, "7.5": 7_50, "0.25": 25, "007": 7_00, "999999999.99": 999_999_999_99} {
		got, err := ParseHundredths(text)
		if err != nil || got != want {
			t.Errorf("ParseHundredths(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", ".5", "5.", "1.234", "-1", "+1", "1e2", "NaN", "1,5", " 1", "１", "1234567890"} {
		if got, err := ParseHundredths(text); err == nil {
			t.Errorf("ParseHundredths(%q) = %d, want an error", text, got)
		}
	}
	for h, want := range map[Hundredths]string{0: "0", 7_50: "7.5", 25: "0.25", 100_00: "100"} {
		if h.String() != want {
			t.Errorf("%d hundredths: %q, want %q", h, h.String(), want)
		}
	}
}

func TestInternalErrorsStayInternal(t *testing.T) {
	_, err := parseRates([]byte(`{"bands": [{"percent": "x"}]}`))
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		t.Errorf("a broken rates file: %v, want an error that is no fault", err)
	}
}
