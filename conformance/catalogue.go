package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// catalogue is section 3: products and their stock.
func catalogue() []scenario {
	return []scenario{
		{"catalogue", "adds a product, then replaces it", addProduct},
		{"catalogue", "says what is wrong with a product", wrongProduct},
		{"catalogue", "keeps SKUs to their letters", skus},
		{"catalogue", "moves stock, and refuses to go below zero", moveStock},
		{"catalogue", "never gives away what it does not have, asked at once", drainStock},
		{"catalogue", "finds by category and by text, taken literally", findProducts},
		{"catalogue", "pages through everything once", pageProducts},
		{"catalogue", "keeps its pages while products are added", pagesStay},
		{"catalogue", "gives pages of 20 unless asked otherwise", defaultPage},
	}
}

func addProduct(t *try) {
	sku := t.newSKU()
	d := details{"Kettle № 1 “whistling” <b>", "Two litres.\nEnamelled & \\blue\\ ☕", t.category(), 2499}
	made := decode[product](t.put(t.manager, "/v1/products/"+sku, d).want(http.StatusCreated))
	equal(t, "the product", made, product{sku, d.Name, d.Description, d.Category, d.Price, 0, nil, made.UpdatedAt})
	got := decode[product](t.get(nil, "/v1/products/"+sku).want(http.StatusOK))
	equal(t, "the product, read", got, made)
	t.stock(sku, 7)
	d.Name, d.Price, d.Description = "Kettle", 1999, ""
	again := decode[product](t.put(t.manager, "/v1/products/"+sku, d).want(http.StatusOK))
	equal(t, "the product, replaced", again, product{sku, d.Name, d.Description, d.Category, 1999, 7, nil, again.UpdatedAt})
	if !instant(t, again.UpdatedAt).After(instant(t, made.UpdatedAt)) {
		t.errorf("updated_at stays at %s", again.UpdatedAt)
	}
	t.get(nil, "/v1/products/"+t.newSKU()).refused(http.StatusNotFound, "not_found")
}

func wrongProduct(t *try) {
	path := "/v1/products/" + t.newSKU()
	t.put(t.manager, path, details{}).invalid("/name", "/category", "/price")
	t.put(t.manager, path, details{"n", "", "c", -1}).invalid("/price")
	t.put(t.manager, path, details{"n", "", "c", 0}).invalid("/price")
	t.put(t.manager, path, details{strings.Repeat("n", 201), strings.Repeat("d", 4001), strings.Repeat("c", 101), 1}).invalid("/name", "/description", "/category")
	t.put(t.manager, path, details{"n", "", "c", 1 << 40}).invalid("/price")
	t.get(nil, path).refused(http.StatusNotFound, "not_found")
}

func skus(t *try) {
	for _, sku := range []string{"ab-1", "AB", strings.Repeat("A", 33), "A_B_C", "ABC.", "%C3%84BC", "A%20B", "ABC%0A"} {
		t.put(t.manager, "/v1/products/"+sku, details{"n", "", "c", 1}).invalid()
		t.get(nil, "/v1/products/"+sku).refused(http.StatusNotFound, "not_found")
	}
	long := (t.newSKU() + strings.Repeat("-9", 16))[:32]
	t.put(t.manager, "/v1/products/"+long, details{"n", "", t.category(), 1}).want(http.StatusCreated)
}

func moveStock(t *try) {
	sku := t.product(100, 0)
	equal(t, "stock of a new product", t.onHand(sku), 0)
	equal(t, "stock", t.stock(sku, 10), 10)
	equal(t, "stock", t.stock(sku, -4), 6)
	path := "/v1/products/" + sku + "/stock"
	t.post(t.manager, path, movement{-7, "too many"}).invalid("/delta")
	t.post(t.manager, path, movement{0, "nothing"}).invalid("/delta")
	t.post(t.manager, path, movement{1, ""}).invalid("/reason")
	t.post(t.manager, path, movement{1 << 31, "a lot"}).invalid("/delta")
	equal(t, "stock after what was refused", t.onHand(sku), 6)
	equal(t, "stock", t.stock(sku, -6), 0)
	t.post(t.manager, "/v1/products/"+t.newSKU()+"/stock", movement{1, "lost"}).refused(http.StatusNotFound, "not_found")
}

func drainStock(t *try) {
	sku := t.product(100, 10)
	taken := make([]bool, 30)
	t.together(len(taken), func(i int) {
		a := t.post(t.manager, "/v1/products/"+sku+"/stock", movement{-1, "drain"}).want(http.StatusOK, http.StatusUnprocessableEntity)
		if taken[i] = a.Status == http.StatusOK; taken[i] {
			t.counted(sku, -1)
		}
	})
	n := 0
	for _, ok := range taken {
		if ok {
			n++
		}
	}
	equal(t, "how many of 10 were taken", n, 10)
	equal(t, "stock", t.onHand(sku), 0)
}

func findProducts(t *try) {
	category, odd := t.unique("find"), "z"+t.tag
	put := func(name, description, category string) string {
		sku := t.newSKU()
		t.put(t.manager, "/v1/products/"+sku, details{name, description, category, 100}).want(http.StatusCreated)
		return sku
	}
	kettle := put("Whistling KETTLE "+odd, "blue", category)
	pan := put("Pan", "goes with the kettle "+odd, category)
	percent := put("100% wool_"+odd, `back\slash`, category)
	other := put("Kettle "+odd, "elsewhere", category+"-2")
	for q, want := range map[string][]string{
		"category=" + category:                                 {kettle, pan, percent},
		"category=" + category + "&q=kettle+" + odd:            {kettle, pan},
		"q=" + url.QueryEscape("KETTLE "+strings.ToUpper(odd)): {kettle, pan, other},
		"category=" + category + "&q=%25":                      {percent},
		"category=" + category + "&q=_":                        {percent},
		"category=" + category + "&q=%5C":                      {percent},
		"category=" + category + "&q=no+such+thing":            nil,
		"category=" + category[:len(category)-1]:               nil,
		"category=" + strings.ToUpper(category):                nil,
	} {
		got := t.skusOf("/v1/products?" + q)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.errorf("%s finds %q, want %q", q, got, want)
		}
	}
}

// skusOf lists the SKUs of every page.
func (t *try) skusOf(path string) []string {
	var skus []string
	for _, p := range all[product](t, nil, path) {
		skus = append(skus, p.SKU)
	}
	return skus
}

// all reads a list to its end.
func all[V any](t *try, who *account, path string) []V {
	var items []V
	next := ""
	for range 10_000 {
		page := decode[list[V]](t.get(who, path+next).want(http.StatusOK))
		items = append(items, page.Items...)
		if page.Next == "" {
			return items
		}
		if len(page.Items) == 0 {
			t.fatalf("%s: an empty page says that there is another", path)
		}
		next = more(path, page.Next)
	}
	t.fatalf("%s: the list has no end", path)
	return nil
}

// more is the part of an address that asks for the page after.
func more(path, cursor string) string {
	if strings.Contains(path, "?") {
		return "&cursor=" + url.QueryEscape(cursor)
	}
	return "?cursor=" + url.QueryEscape(cursor)
}

// shelf makes n products in a category of their own.
func (t *try) shelf(n int) (category string, skus []string) {
	category = t.unique("shelf")
	for i := range n {
		// Tens apart, so that others can be put in between.
		sku := strings.ToUpper(category) + "-" + strconv.Itoa(100+10*i)
		t.put(t.manager, "/v1/products/"+sku, details{"Thing", "", category, 100}).want(http.StatusCreated)
		skus = append(skus, sku)
	}
	return category, skus
}

func pageProducts(t *try) {
	category, skus := t.shelf(7)
	path := "/v1/products?category=" + category
	for limit, pages := range map[int][]int{1: {1, 1, 1, 1, 1, 1, 1}, 3: {3, 3, 1}, 7: {7}, 8: {7}, 100: {7}} {
		var got []string
		next := ""
		for i, size := range pages {
			page := decode[list[product]](t.get(nil, path+"&limit="+strconv.Itoa(limit)+next).want(http.StatusOK))
			equal(t, "the length of a page", len(page.Items), size)
			equal(t, "whether it is the last", page.Next == "", i == len(pages)-1)
			for _, p := range page.Items {
				got = append(got, p.SKU)
			}
			next = more(path, page.Next)
		}
		if !slices.Equal(got, skus) {
			t.errorf("pages of %d give %q, want %q", limit, got, skus)
		}
	}
}

func pagesStay(t *try) {
	category, skus := t.shelf(4)
	path := "/v1/products?limit=2&category=" + category
	first := decode[list[product]](t.get(nil, path).want(http.StatusOK))
	base := strings.ToUpper(category) + "-"
	for _, n := range []string{"099", "105", "115"} { // before, within and right behind the first page
		t.put(t.manager, "/v1/products/"+base+n, details{"Thing", "", category, 100}).want(http.StatusCreated)
	}
	second := decode[list[product]](t.get(nil, path+more(path, first.Next)).want(http.StatusOK))
	var got []string
	for _, p := range append(first.Items, second.Items...) {
		got = append(got, p.SKU)
	}
	if want := []string{skus[0], skus[1], base + "115", skus[2]}; !slices.Equal(got, want) {
		t.errorf("two pages with products added in between give %q, want %q", got, want)
	}
}

func defaultPage(t *try) {
	category, _ := t.shelf(21)
	page := decode[list[product]](t.get(nil, "/v1/products?category="+category).want(http.StatusOK))
	equal(t, "the length of a page", len(page.Items), 20)
	equal(t, "the length of the list", len(t.skusOf("/v1/products?category="+category)), 21)
}
