package async_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"triptych/faas/async"
	"triptych/faas/function"
)

// A store that is full takes no events, and what became of those under way is
// recorded once there is room.
func TestAFullDiskLosesNothing(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		full := make(chan struct{})
		w.functions["f"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			<-full
			return succeed(ctx, e)
		}
		w.set("f", async.Settings{OnSuccess: queueARN("done")})
		big := async.Event{ID: "big", Ref: function.Ref{Name: "f"}, Payload: make([]byte, 200_000)}
		copy(big.Payload, `"`)
		w.during(func() {
			w.add("f", `{"n":1}`)
			time.Sleep(time.Second)
			w.limit(1)
			for w.Add(t.Context(), big) == nil {
			}
			close(full)
			time.Sleep(10 * time.Second)
			if s := w.stats("f"); s.Succeeded != 0 || s.UnderWay == 0 {
				t.Fatalf("the store is not full: %+v", s)
			}
			w.limit(0)
			time.Sleep(10 * time.Second)
		})
		s := w.stats("f")
		if s.Queued != 0 || len(w.taken()) != int(s.Succeeded) {
			t.Errorf("not each event was delivered once: %+v", s)
		}
		if n := len(w.messages("done")); n != int(s.Succeeded)-int(s.Undeliverable) {
			t.Errorf("%d records of %+v", n, s)
		}
	})
}

// limit has the store refuse to grow beyond a size; zero is any.
func (w *world) limit(bytes int) {
	w.t.Helper()
	err := w.db.Update(func(*bbolt.Tx) error {
		w.db.MaxSize = bytes // read only within such transactions
		return errors.New("nothing to write")
	})
	if err == nil {
		w.t.Fatal("the limit was not set")
	}
}

// An event that cannot be read is put off, and kept.
func TestAnEventThatCannotBeReadHoldsBackNoOther(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = succeed
		w.add("f", `1`)
		err := w.db.Update(func(tx *bbolt.Tx) error {
			k, _ := w.bucket(tx, "events").Cursor().First()
			return w.bucket(tx, "events").Put(k, []byte("rubbish"))
		})
		if err != nil {
			t.Fatal(err)
		}
		w.add("f", `2`)
		w.during(func() { time.Sleep(3*time.Hour + time.Second) })
		err = w.db.View(func(tx *bbolt.Tx) error {
			k, _ := w.bucket(tx, "due").Cursor().First()
			if due := time.Unix(0, int64(binary.BigEndian.Uint64(k))); due.Before(time.Now()) {
				t.Errorf("it is due since %s", due)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if n := len(w.taken()); n != 1 {
			t.Errorf("%d deliveries", n)
		}
		if s := w.stats("f"); s.Succeeded != 1 || s.Queued != 1 {
			t.Errorf("stats: %+v", s)
		}
	})
}

// bucket is one of those of the function f.
func (w *world) bucket(tx *bbolt.Tx, name string) *bbolt.Bucket {
	return tx.Bucket([]byte("async")).Bucket([]byte("functions")).Bucket([]byte("f")).Bucket([]byte(name))
}

// A policy that cannot be asked holds nothing up: what it said last holds.
func TestAPolicyThatFailsIsNotNeeded(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = fail
		none := 0
		w.set("f", async.Settings{MaximumRetryAttempts: &none, OnFailure: queueARN("failed")})
		w.add("f", `{}`)
		w.close()
		broken := errors.New("the registry cannot be read")
		w.o.Policy = func(function.Ref) (async.Settings, error) { return async.Settings{}, broken }
		w.open()
		w.during(func() { time.Sleep(time.Hour) })
		if tries, records := len(w.taken()), len(w.messages("failed")); tries != 1 || records != 1 {
			t.Errorf("%d tries, %d records", tries, records)
		}
		if err := w.Add(t.Context(), async.Event{ID: "e", Ref: function.Ref{Name: "f"}}); !errors.Is(err, broken) {
			t.Errorf("an event of unknown settings: %v", err)
		}
	})
}
