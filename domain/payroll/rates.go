package payroll

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"triptych/domain/fault"
	"triptych/domain/money"
)

// published holds a file for each tax year, every figure with its source.
//
//go:embed rates/*.json
var published embed.FS

// Rates are one tax year's figures, for employees in England who are paid
// monthly.
type Rates struct {
	TaxYear    string
	bands      []band
	categories map[string]category
}

// A band is a slice of the year's taxable pay and what is taken of it.
type band struct {
	percent int64 // whole
	upTo    int64 // in pounds a year, from the bottom of the first band; 0 in the last
}

// A category is what employee and employer pay of the month's pay: nothing up
// to the threshold, a rate up to the limit, another above it.
type category struct{ employee, employer shares }

type shares struct {
	threshold, limit money.Amount
	rate, above      Hundredths // of a percent
}

// RatesFor returns the rates of p's tax year. A period that there are none for
// is the fault "invalid".
func RatesFor(p Period) (*Rates, error) {
	name := "rates/" + p.TaxYear() + ".json"
	data, err := fs.ReadFile(published, name)
	if err != nil {
		return nil, fault.NewInvalid("",
			"there are no rates for %s: it is in the tax year %s, and the years known are %s", p, p.TaxYear(), knownYears())
	}
	r, err := parseRates(data)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return r, nil
}

func knownYears() string {
	years, _ := fs.Glob(published, "rates/*.json") // the pattern is well formed
	for i, name := range years {
		years[i] = strings.TrimSuffix(path.Base(name), ".json")
	}
	return strings.Join(years, ", ")
}

// ratesFile is how a year's figures are written down.
type ratesFile struct {
	TaxYear string `json:"tax_year"`
	Bands   []struct {
		Percent int64 `json:"percent,string"`
		UpTo    int64 `json:"up_to"`
	} `json:"bands"`
	Thresholds map[string]struct {
		Pounds money.Amount `json:"pounds"`
	} `json:"thresholds"`
	Categories map[string]struct {
		Employee      percent `json:"employee"`
		EmployeeAbove percent `json:"employee_above"`
		Employer      percent `json:"employer"`
		EmployerAbove percent `json:"employer_above"`
	} `json:"categories"`
}

// A percent is written as text, so that no decimal goes through a float.
type percent Hundredths

// UnmarshalText reads "1.85".
func (p *percent) UnmarshalText(text []byte) error {
	h, err := ParseHundredths(string(text))
	*p = percent(h)
	return err
}

func parseRates(data []byte) (*Rates, error) {
	var f ratesFile
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	r := &Rates{TaxYear: f.TaxYear, categories: map[string]category{}}
	for _, b := range f.Bands {
		r.bands = append(r.bands, band{percent: b.Percent, upTo: b.UpTo})
	}
	pence := func(threshold string) money.Amount { return f.Thresholds[threshold].Pounds * 100 }
	for letter, c := range f.Categories {
		r.categories[letter] = category{
			employee: shares{pence("primary"), pence("upper_earnings"), Hundredths(c.Employee), Hundredths(c.EmployeeAbove)},
			employer: shares{pence("secondary"), pence("upper_secondary"), Hundredths(c.Employer), Hundredths(c.EmployerAbove)},
		}
	}
	return r, nil
}
