package money

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestAmountsAreWrittenInPounds(t *testing.T) {
	for a, want := range map[Amount]string{
		0: "£0.00", 5: "£0.05", 1999: "£19.99", 100_000_000: "£1000000.00",
		-5: "-£0.05", -100: "-£1.00", -1999: "-£19.99",
		math.MaxInt64: "£92233720368547758.07", math.MinInt64: "-£92233720368547758.08",
	} {
		if got := a.String(); got != want {
			t.Errorf("%d pence: got %s, want %s", int64(a), got, want)
		}
	}
}

func TestHalfAPennyGoesToTheEvenOne(t *testing.T) {
	for _, c := range []struct {
		a        Amount
		num, den int64
		want     Amount
	}{
		{1, 1, 2, 0}, {3, 1, 2, 2}, {5, 1, 2, 2}, {7, 1, 2, 4},
		{-1, 1, 2, 0}, {-3, 1, 2, -2}, {-5, 1, 2, -2}, {3, -1, 2, -2}, {-3, -1, 2, 2},
		{5, 9, 10, 4}, {15, 9, 10, 14}, {25, 9, 10, 22}, // 4.5, 13.5, 22.5
		{1, 1, 3, 0}, {2, 1, 3, 1}, {-1, 1, 3, 0}, {-2, 1, 3, -1},
		{1999, 20, 120, 333}, {0, 20, 120, 0}, {1999, 0, 7, 0}, {-1999, 1, 1, -1999},
		{math.MaxInt64, 1, 1, math.MaxInt64}, {math.MaxInt64, math.MaxInt64, math.MaxInt64, math.MaxInt64},
	} {
		if got := c.a.Ratio(c.num, c.den); got != c.want {
			t.Errorf("%d × %d / %d: got %d, want %d", c.a, c.num, c.den, got, c.want)
		}
	}
}

// anyInt64 is mostly small or at an edge, where halves and overflows are.
var anyInt64 = rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64(),
	rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1}))

// The nearest whole number, and of two that are equally near the even one: so
// the definition, checked with rational numbers instead of computed again.
func TestARatioIsTheNearestPenny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, num := anyInt64.Draw(t, "a"), anyInt64.Draw(t, "num")
		den := rapid.OneOf(rapid.Int64Range(1, 10), rapid.Int64Range(1, 200), rapid.Int64Range(1, math.MaxInt64), rapid.Just(int64(math.MaxInt64))).Draw(t, "den")
		exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(a), big.NewInt(num)), big.NewInt(den))
		got, fits := ratio(Amount(a), num, den)
		if !fits {
			// The greatest that fits when rounded is half a penny above the last one.
			if limit := new(big.Rat).SetFloat64(0x1p63); new(big.Rat).Abs(exact).Cmp(limit.Sub(limit, big.NewRat(1, 2))) < 0 {
				t.Fatalf("panics, although %s fits", exact.FloatString(1))
			}
			return
		}
		off := new(big.Rat).Sub(exact, new(big.Rat).SetInt64(int64(got)))
		switch off.Abs(off).Cmp(big.NewRat(1, 2)) {
		case 1:
			t.Fatalf("got %d, which is %s off", got, off.FloatString(3))
		case 0:
			if got%2 != 0 {
				t.Fatalf("got %d, which is half a penny off and odd", got)
			}
		}
	})
}

// ratio reports false when Ratio panics.
func ratio(a Amount, num, den int64) (got Amount, fits bool) {
	defer func() { _ = recover() }()
	return a.Ratio(num, den), true
}

func TestARatioWithoutAResultPanics(t *testing.T) {
	for _, c := range []struct {
		a        Amount
		num, den int64
	}{
		{1, 1, 0}, {1, 1, -1}, {math.MaxInt64, 2, 1}, {math.MinInt64, 1, 1}, {math.MaxInt64, math.MaxInt64, 3},
		{8737931403336103397, 19, 9}, // a ninth less than 2^64, which rounded up is no uint64 either
	} {
		if got, fits := ratio(c.a, c.num, c.den); fits {
			t.Errorf("%d × %d / %d is %d", c.a, c.num, c.den, got)
		}
	}
}

func TestSharesAddUpAndDifferByAPennyAtMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Amount(anyInt64.Draw(t, "a"))
		n := rapid.IntRange(1, 400).Draw(t, "n")
		shares := a.Split(n)
		least, most, sum := shares[0], shares[0], Amount(0)
		for _, s := range shares {
			least, most, sum = min(least, s), max(most, s), sum+s
		}
		if len(shares) != n || sum != a || most-least > 1 {
			t.Fatalf("%d shares of %d to %d that add up to %d", len(shares), least, most, sum)
		}
	})
}

func TestSharesSpreadTheRestEvenly(t *testing.T) {
	got := Amount(1003).Split(4)
	for i, want := range []Amount{250, 251, 251, 251} {
		if got[i] != want {
			t.Errorf("a quarter of £10.03: got %v", got)
			break
		}
	}
}

func BenchmarkRatio(b *testing.B) {
	a := Amount(123_457)
	for b.Loop() {
		a = 123_457 + a.Ratio(20, 120)
	}
}
