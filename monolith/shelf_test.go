package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"triptych/api"
	"triptych/domain/catalog"
	"triptych/domain/fault"
)

// slow is a query that takes a second of virtual time and finds every product
// but NONE, with as many on hand as queries were made.
type slow struct {
	mu      sync.Mutex
	queries [][]string
	err     error
}

func (q *slow) query(ctx context.Context, skus []string) ([]api.Listing, error) {
	q.mu.Lock()
	q.queries = append(q.queries, skus)
	n := len(q.queries)
	q.mu.Unlock()
	time.Sleep(time.Second)
	var found []api.Listing
	for _, sku := range skus {
		if sku != "NONE" {
			found = append(found, api.Listing{Product: catalog.Product{SKU: sku}, Stock: n})
		}
	}
	return found, errors.Join(q.err, ctx.Err())
}

func TestReadsThatWaitGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &slow{}
		s := &shelf{query: q.query}
		var wg sync.WaitGroup
		read := func(sku string, wantStock int) {
			wg.Go(func() {
				if l, err := s.get(t.Context(), sku); err != nil || l.SKU != sku || l.Stock != wantStock {
					t.Errorf("%s: got %+v, %v; want it from query %d", sku, l, err, wantStock)
				}
			})
		}
		read("AAA", 1)
		synctest.Wait()
		for _, sku := range []string{"BBB", "CCC", "BBB"} {
			read(sku, 2) // not by the first query, which began before them
		}
		wg.Go(func() {
			if _, err := s.get(t.Context(), "NONE"); !fault.Is(err, "not_found") {
				t.Errorf("NONE: got %v, want not_found", err)
			}
		})
		wg.Wait()
		if len(q.queries) != 2 || len(q.queries[1]) != 4 {
			t.Errorf("queries %q, want one read and then four together", q.queries)
		}
		read("DDD", 3) // the shelf is not left busy
		wg.Wait()
	})
}

func TestAReadThatIsGivenUpHarmsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &slow{}
		s := &shelf{query: q.query}
		impatient, giveUp := context.WithTimeout(t.Context(), time.Millisecond)
		defer giveUp()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.get(impatient, "AAA"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want that its time is over", err)
			}
		})
		synctest.Wait()
		if _, err := s.get(t.Context(), "BBB"); err != nil {
			t.Errorf("who came after: %v", err)
		}
		wg.Wait()
		time.Sleep(2 * time.Second) // the worker ends
	})
}

// A database that is frozen must not hold up reads for ever.
func TestAQueryThatDoesNotEndIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{query: func(ctx context.Context, _ []string) ([]api.Listing, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		begun := time.Now()
		if _, err := s.get(t.Context(), "AAA"); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != shelfTimeout {
			t.Errorf("got %v after %s, want that the time of %s is over", err, time.Since(begun), shelfTimeout)
		}
	})
}

func TestAFailedQueryFailsItsReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &slow{err: errors.New("no database")}
		s := &shelf{query: q.query}
		if _, err := s.get(t.Context(), "AAA"); !errors.Is(err, q.err) {
			t.Errorf("got %v, want %v", err, q.err)
		}
		q.err = nil
		if _, err := s.get(t.Context(), "AAA"); err != nil {
			t.Errorf("the next one: %v", err)
		}
	})
}
