package measure

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Median of several values.
func Median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

// Row prints the cells of a table's row.
func Row(out io.Writer, cells ...any) {
	for _, c := range cells {
		fmt.Fprintf(out, "%11v", c)
	}
	fmt.Fprintln(out)
}

// Heading is what stands above Lines.
func Heading(out io.Writer) {
	fmt.Fprintf(out, "\n%-46s %8s %8s %8s   %s\n", "", "median", "lowest", "highest", "goal")
}

// Line prints what several measurements of a thing say together, beside its
// goal.
func Line(out io.Writer, name string, values []float64, format func(float64) string, goal string) {
	fmt.Fprintf(out, "%-46s %8s %8s %8s   %s\n", name, format(Median(values)), format(slices.Min(values)), format(slices.Max(values)), goal)
}

// Whole writes a figure without decimals.
func Whole(f float64) string { return fmt.Sprintf("%.0f", f) }

// Tenths writes a figure with one decimal.
func Tenths(f float64) string { return fmt.Sprintf("%.1f", f) }

// Hundredths writes a figure with two decimals.
func Hundredths(f float64) string { return fmt.Sprintf("%.2f", f) }

// Thousandths writes a figure with three decimals.
func Thousandths(f float64) string { return fmt.Sprintf("%.3f", f) }

// Milliseconds writes a duration in them.
func Milliseconds(d time.Duration) string { return Tenths(float64(d) / float64(time.Millisecond)) }

// Machine says what is measured on.
func Machine() string {
	return fmt.Sprintf("%d processors (%s), %s", runtime.NumCPU(), processor(), runtime.Version())
}

// processor is the model of the processor, as Linux tells it.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	_, after, ok := strings.Cut(string(b), "model name\t: ")
	if !ok {
		return runtime.GOARCH
	}
	name, _, _ := strings.Cut(after, "\n")
	return name
}
