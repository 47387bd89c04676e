package catalogue

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/domain/catalog"
	"triptych/internal/postgres/pgtest"
)

func TestProductsAreListed(t *testing.T) {
	db := pgtest.New(t, Schema)
	for sku, text := range map[string][3]string{
		"MUG":  {"Mug", "Holds 100% of a pot of tea.", "Table"},
		"TEA":  {"Tea", `Black_tea, A\B.`, "Drinks"},
		"TEA2": {"Green TEA", "Green.", "Drinks"},
		"WINE": {"Wine", "Red.", "Drinks"},
	} {
		p := tea()
		p.SKU, p.Name, p.Description, p.Category = sku, text[0], text[1], text[2]
		put(t, db, p)
	}
	for name, c := range map[string]struct {
		filter catalog.Filter
		after  string
		limit  int
		want   string
	}{
		"all":                       {catalog.Filter{}, "", 9, "MUG TEA TEA2 WINE"},
		"the first two":             {catalog.Filter{}, "", 2, "MUG TEA"},
		"after the second":          {catalog.Filter{}, "TEA", 9, "TEA2 WINE"},
		"after one that is gone":    {catalog.Filter{}, "TEA1", 9, "TEA2 WINE"},
		"after the last":            {catalog.Filter{}, "WINE", 9, ""},
		"of a category":             {catalog.Filter{Category: "Drinks"}, "", 9, "TEA TEA2 WINE"},
		"of part of a category":     {catalog.Filter{Category: "Drink"}, "", 9, ""},
		"with a text in any case":   {catalog.Filter{Query: "tea"}, "", 9, "MUG TEA TEA2"},
		"with a text of a category": {catalog.Filter{Query: "tea", Category: "Table"}, "", 9, "MUG"},
		"with a percent sign":       {catalog.Filter{Query: "%"}, "", 9, "MUG"},
		"with an underscore":        {catalog.Filter{Query: "k_t"}, "", 9, "TEA"},
		"with a backslash":          {catalog.Filter{Query: `\`}, "", 9, "TEA"},
		"with a text of nothing":    {catalog.Filter{Query: "coffee"}, "", 9, ""},
	} {
		got, err := List(t.Context(), db, c.filter, c.after, c.limit)
		var skus []string
		for _, p := range got {
			skus = append(skus, p.SKU)
		}
		if s := strings.Join(skus, " "); s != c.want || err != nil {
			t.Errorf("%s: got %s, %v; want %s", name, s, err, c.want)
		}
	}
	got, err := List(t.Context(), db, catalog.Filter{}, "TEA1", 1)
	if err != nil || len(got) != 1 {
		t.Fatalf("got %v, %v", got, err)
	}
	want := tea()
	want.SKU, want.Name, want.Description = "TEA2", "Green TEA", "Green."
	got[0].UpdatedAt = got[0].UpdatedAt.UTC()
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("product (-stored +listed):\n%s", diff)
	}
}
