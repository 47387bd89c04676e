package rest

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"triptych/domain/fault"
)

func TestPages(t *testing.T) {
	for query, want := range map[string]Page{
		"":                                      {20, ""},
		"limit=1":                               {1, ""},
		"limit=100":                             {100, ""},
		"cursor=" + Cursor("TEA"):               {20, "TEA"},
		"cursor=" + Cursor("é?/+") + "&limit=5": {5, "é?/+"},
	} {
		q, _ := url.ParseQuery(query)
		if got, err := ReadPage(q); err != nil || got != want {
			t.Errorf("?%s: got %+v, %v", query, got, err)
		}
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=-1", "limit=ten", "limit=1.5", "limit=", "limit=+", "limit=99999999999999999999",
		"cursor=", "cursor=!", "cursor=VEVB==", "cursor=a", "cursor=" + Cursor("\x00"), "cursor=" + Cursor("\xff"), "cursor=" + Cursor(strings.Repeat("x", 201))} {
		q, _ := url.ParseQuery(query)
		if got, err := ReadPage(q); !fault.Is(err, "bad_parameter") {
			t.Errorf("?%s: got %+v, %v", query, got, err)
		}
	}
}

func TestACursorLeadsBackToItsKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringN(1, -1, 200).Filter(storable).Draw(t, "key")
		cursor := Cursor(key)
		if p, err := ReadPage(url.Values{"cursor": {cursor}}); err != nil || p.After != key {
			t.Fatalf("%q became %q, and that %q, %v", key, cursor, p.After, err)
		}
		if url.QueryEscape(cursor) != cursor {
			t.Fatalf("%q cannot stand in a query as it is", cursor)
		}
	})
	if c := Cursor(""); c != "" {
		t.Errorf("the end of a list has the cursor %q", c)
	}
}

func TestAPageIsCutFromRowsReadWithOneMore(t *testing.T) {
	key := func(n int) string { return string(rune('a' + n)) }
	for _, c := range []struct {
		rows, limit, want int
		next              string
	}{
		{0, 2, 0, ""}, {1, 2, 1, ""}, {2, 2, 2, ""}, {3, 2, 2, "b"},
	} {
		rows := make([]int, c.rows)
		for i := range rows {
			rows[i] = i
		}
		if got := Cut(rows, c.limit, key); len(got.Items) != c.want || got.Next != c.next {
			t.Errorf("%d rows for a page of %d: got %+v", c.rows, c.limit, got)
		}
	}
}

func TestParametersAreKnownOrRefused(t *testing.T) {
	for query, ok := range map[string]bool{
		"": true, "a=1": true, "a=1&b=": true, "a": true, "a=%F0%9F%92%A9": true,
		"c=1": false, "a=1&c=1": false, "A=1": false, "a=1&a=1": false, "a=%zz": false, "a=1;b=2": false,
		"a=%00": false, "a=%FF": false, "a%00=1": false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		if _, err := Known(r, "a", "b"); (err == nil) != ok || err != nil && !fault.Is(err, "bad_parameter") {
			t.Errorf("?%s: got %v", query, err)
		}
	}
}

// Whatever the query, a page is within its bounds or is refused.
func FuzzReadPage(f *testing.F) {
	for _, q := range []string{"", "limit=5", "cursor=VEVB", "limit=1&cursor=%00", "limit=9223372036854775808"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		q, err := Known(r, "limit", "cursor")
		if err != nil {
			return
		}
		p, err := ReadPage(q)
		if err == nil && (p.Limit < 1 || p.Limit > 100 || len(p.After) > 200 || !storable(p.After)) {
			t.Errorf("?%s: got %+v", query, p)
		}
		if err != nil && !fault.Is(err, "bad_parameter") {
			t.Errorf("?%s: got %v", query, err)
		}
	})
}
