package async

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func openDB(tb testing.TB) *bbolt.DB {
	tb.Helper()
	db, err := bbolt.Open(filepath.Join(tb.TempDir(), "db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

// Of writes that are committed together, those that fail leave nothing and those
// beside them everything.
func TestAWriteThatFailsLeavesTheOthersAlone(t *testing.T) {
	db := openDB(t)
	g := &group{db: db}
	bad := errors.New("bad")
	put := func(n uint64) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			if err := b.Put(binary.BigEndian.AppendUint64(nil, n), nil); err != nil {
				return err
			}
			if n%7 == 3 {
				return bad
			}
			return nil
		}
	}
	const writers, each = 40, 25
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for j := range each {
				n := uint64(i*each + j)
				if err := g.do(put(n)); (err == bad) != (n%7 == 3) {
					t.Errorf("write %d: %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	err := db.View(func(tx *bbolt.Tx) error {
		for n := range uint64(writers * each) {
			c := tx.Bucket([]byte("b")).Cursor()
			k, _ := c.Seek(binary.BigEndian.AppendUint64(nil, n))
			there := k != nil && binary.BigEndian.Uint64(k) == n
			if there != (n%7 != 3) {
				t.Errorf("write %d is there: %t", n, there)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if g.busy || len(g.waiting) > 0 {
		t.Error("the group is not idle at the end")
	}
}

func TestWritesShareTransactions(t *testing.T) {
	db := openDB(t)
	g := &group{db: db}
	release := make(chan struct{})
	started := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = g.do(func(*bbolt.Tx) error {
			close(started)
			<-release
			return nil
		})
	})
	<-started
	seen := map[int]int{} // transaction: writes
	const writes = 2*groupLimit + 1
	for range writes {
		wg.Go(func() {
			_ = g.do(func(tx *bbolt.Tx) error {
				seen[tx.ID()]++
				return nil
			})
		})
	}
	for waiting := 0; waiting < writes; {
		g.mu.Lock()
		waiting = len(g.waiting)
		g.mu.Unlock()
	}
	close(release)
	wg.Wait()
	if len(seen) != 3 {
		t.Errorf("%d writes took %v", writes, seen)
	}
}

func TestADiskThatFailsIsTold(t *testing.T) {
	db := openDB(t)
	g := &group{db: db}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := g.do(func(*bbolt.Tx) error { return nil }); err == nil {
		t.Error("a write to a closed store went well")
	}
}
