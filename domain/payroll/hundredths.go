package payroll

import (
	"fmt"
	"strings"
)

// Hundredths is a decimal number with two places, held whole: 7.5 hours are
// 750.
type Hundredths int64

// maxDigits keeps a number that is read far inside 64 bits.
const maxDigits = 9

// ParseHundredths reads a number that is not negative, with at most two
// decimals: "160", "7.5", "0.25".
func ParseHundredths(s string) (Hundredths, error) {
	whole, decimals, point := strings.Cut(s, ".")
	if !allDigits(whole) || point && !allDigits(decimals) {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	if len(decimals) > 2 {
		return 0, fmt.Errorf("%q has more than two decimals", s)
	}
	if len(whole) > maxDigits {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return Hundredths(digits(whole + (decimals + "00")[:2])), nil
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// String returns the number with as many decimals as it needs: "7.5".
func (h Hundredths) String() string {
	s := fmt.Sprintf("%d.%02d", h/100, h%100)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
