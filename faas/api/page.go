package api

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"triptych/faas/function"
)

// maxItems is how many things a list has at most, and when no other number is
// asked for.
const maxItems = 50

// page cuts what is listed, in the order of its keys, to what is asked for by
// Marker and MaxItems. The marker names the last of what was there: what comes
// and goes in between is neither missed nor listed twice.
func page[T any](r *http.Request, all []T, key func(T) string) ([]T, string, error) {
	q := r.URL.Query()
	n := maxItems
	if s := q.Get("MaxItems"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil || n < 1 || n > 10000 {
			return nil, "", function.Invalid("MaxItems is %.20q: it must be a number from 1 to 10000", s)
		}
		n = min(n, maxItems)
	}
	slices.SortFunc(all, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	if s := q.Get("Marker"); s != "" {
		last, err := base64.URLEncoding.DecodeString(s)
		if err != nil {
			return nil, "", function.Invalid("Marker is not one that a list has given")
		}
		i, found := slices.BinarySearchFunc(all, string(last), func(t T, last string) int { return cmp.Compare(key(t), last) })
		if found {
			i++
		}
		all = all[i:]
	}
	if len(all) <= n {
		return all, "", nil
	}
	return all[:n], base64.URLEncoding.EncodeToString([]byte(key(all[n-1]))), nil
}

// versionKey orders versions of one function by number, $LATEST first.
func versionKey(c *function.Config) string {
	number := c.Version
	if number == function.Latest {
		number = ""
	}
	return fmt.Sprintf("%10s", number)
}
