package seed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/jpeg"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/domain/payroll"
	"triptych/domain/picture"
)

var november = payroll.Period{Year: 2026, Month: 11}

// Whoever changes what is made up must know that figures measured before and
// after are of different shops, and write the new sums here.
func TestSeedOneIsTheSameShopAsEver(t *testing.T) {
	got := map[string]string{
		"products":  sum(productLines()),
		"employees": sum(employeeLines()),
		"timesheet": sum(Timesheet(1, 1, november)),
		"pictures":  sum(somePictures()),
	}
	want := map[string]string{
		"products":  "a3210743350710fd",
		"employees": "0f8683c06cfc1ee6",
		"timesheet": "377d655b87eccd26",
		"pictures":  "ab91b1b98b854532",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("seed 1 (-want +got):\n%s", diff)
	}
}

func productLines() (text []byte) {
	for _, p := range Products(1, 1) {
		text = fmt.Appendln(text, p.SKU, p.Name, p.Description, p.Category, int64(p.Price), p.Stock)
	}
	return text
}

func employeeLines() (text []byte) {
	for _, e := range Employees(1, 1) {
		text = fmt.Appendln(text, e.ID, e.Name, e.TaxCode, e.NICategory, int64(e.Pay.Hourly), int64(e.Pay.Salary), e.PensionPercent)
	}
	return text
}

// somePictures are one of each department.
func somePictures() []byte {
	var pictures [][]byte
	for _, p := range Products(1, 1)[:len(departments)] {
		pictures = append(pictures, Picture(1, p.Product))
	}
	return slices.Concat(pictures...)
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:8])
}

func TestAnotherSeedIsAnotherShop(t *testing.T) {
	if cmp.Equal(Products(1, 1), Products(2, 1)) || cmp.Equal(Employees(1, 1), Employees(2, 1)) {
		t.Error("seeds 1 and 2 made the same shop")
	}
}

func TestALargerShopContainsTheSmaller(t *testing.T) {
	if diff := cmp.Diff(Products(7, 1), Products(7, 3)[:200]); diff != "" {
		t.Errorf("products (-small +large):\n%s", diff)
	}
	if diff := cmp.Diff(Employees(7, 1), Employees(7, 3)[:500]); diff != "" {
		t.Errorf("employees (-small +large):\n%s", diff)
	}
	small, large := Timesheet(7, 1, november), Timesheet(7, 3, november)
	if !bytes.HasPrefix(large, small) {
		t.Error("the larger timesheet does not begin with the smaller")
	}
}

func TestProductsAreForSale(t *testing.T) {
	for _, scale := range []int{1, 10} {
		products := Products(1, scale)
		if len(products) != 200*scale {
			t.Errorf("scale %d: got %d products", scale, len(products))
		}
		skus, names, perCategory := map[string]bool{}, map[string]bool{}, map[string]int{}
		for _, p := range products {
			if err := p.Validate(); err != nil {
				t.Errorf("%+v: %v", p, err)
			}
			if p.Stock < 0 {
				t.Errorf("%s: stock is %d", p.SKU, p.Stock)
			}
			skus[p.SKU], names[p.Name] = true, true
			perCategory[p.Category]++
		}
		if len(skus) != len(products) {
			t.Errorf("scale %d: %d products share %d SKUs", scale, len(products), len(skus))
		}
		if scale == 1 && len(names) != len(products) {
			t.Errorf("%d products share %d names", len(products), len(names))
		}
		for _, d := range departments {
			if perCategory[d.name] != 25*scale {
				t.Errorf("scale %d: %d products in %s", scale, perCategory[d.name], d.name)
			}
		}
	}
}

func TestEveryWareHasADrawing(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Products(1, 1) {
		d, n := find(p.SKU)
		w := d.wares[n%len(d.wares)]
		if !strings.HasSuffix(p.Name, w.noun) {
			t.Errorf("%s is drawn as %s", p.Name, w.noun)
		}
		if seen[w.noun] {
			continue
		}
		seen[w.noun] = true
		data := Picture(1, p.Product)
		if _, err := picture.Check(data, "image/jpeg"); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if n := colours(t, data); n < 5 {
			t.Errorf("%s has only %d colours", p.Name, n)
		}
	}
}

// colours counts the colours of a picture that cover more than a hundredth of it.
func colours(t *testing.T, data []byte) (n int) {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	const step = 5
	covered := map[[3]uint32]int{}
	for x := 0; x < side; x += step {
		for y := 0; y < side; y += step {
			r, g, b, _ := m.At(x, y).RGBA()
			covered[[3]uint32{r >> 12, g >> 12, b >> 12}]++
		}
	}
	for _, points := range covered {
		if points > side/step*side/step/100 {
			n++
		}
	}
	return n
}

func TestEmployeesCanBePaid(t *testing.T) {
	employees := Employees(1, 2)
	ids, codes, categories, salaried := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0
	for _, e := range employees {
		if err := e.Validate(); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
		if e.Pay.Salary > 0 {
			salaried++
		}
		ids[e.ID], codes[strings.Trim(e.TaxCode, "0123456789")], categories[e.NICategory] = true, true, true
	}
	if len(employees) != 1000 || len(ids) != 1000 {
		t.Errorf("got %d employees with %d ids, want 1,000", len(employees), len(ids))
	}
	if salaried < 150 || salaried > 450 {
		t.Errorf("%d of 1,000 are salaried", salaried)
	}
	if len(categories) != len(payroll.NICategories) {
		t.Errorf("categories: got %v, want all of %s", categories, payroll.NICategories)
	}
	for _, code := range []string{"L", "M", "N", "T", "K", "LX", "BR", "D", "NT"} {
		if !codes[code] {
			t.Errorf("nobody has a tax code of the kind %s: %v", code, codes)
		}
	}
}

func TestTheTimesheetIsAcceptedAsAWhole(t *testing.T) {
	hourly := map[string]bool{}
	for _, e := range Employees(1, 1) {
		if e.Pay.Hourly > 0 {
			hourly[e.ID] = true
		}
	}
	sheet, err := payroll.ReadTimesheet(bytes.NewReader(Timesheet(1, 1, november)))
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, rejection, err := sheet.Next()
		if err == io.EOF {
			break
		}
		if err != nil || rejection != nil {
			t.Fatalf("got %v, %v", rejection, err)
		}
		if !hourly[row.Employee] {
			t.Errorf("%s is not paid by the hour, or has two rows", row.Employee)
		}
		delete(hourly, row.Employee)
	}
	if len(hourly) != 0 {
		t.Errorf("%d employees have no row", len(hourly))
	}
	if december := Timesheet(1, 1, payroll.Period{Year: 2026, Month: 12}); bytes.Equal(december, Timesheet(1, 1, november)) {
		t.Error("December's hours are November's")
	}
}

func BenchmarkPicture(b *testing.B) {
	p := Products(1, 1)[0]
	for b.Loop() {
		Picture(1, p.Product)
	}
}
