package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const secret = "correct horse battery"

func hash(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	s, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAPasswordMatchesItsOwnHashOnly(t *testing.T) {
	h := NewHasher()
	stored := hash(t, h, secret)
	for _, c := range []struct {
		password string
		want     bool
	}{{secret, true}, {secret + " ", false}} {
		if got, err := h.Match(t.Context(), c.password, stored); got != c.want || err != nil {
			t.Errorf("%q: got %v, %v", c.password, got, err)
		}
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %s", stored)
	}
}

func TestNoTwoHashesAreAlike(t *testing.T) {
	h := NewHasher()
	if a, b := hash(t, h, secret), hash(t, h, secret); a == b {
		t.Errorf("twice %s", a)
	}
}

// Hashes with other parameters, as they may have been stored once, by another
// program: those of the reference implementation's test
// (https://github.com/P-H-C/phc-winner-argon2/blob/master/src/test.c).
func TestAHashSaysHowItWasMade(t *testing.T) {
	h := NewHasher()
	for _, stored := range []string{
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	} {
		if ok, err := h.Match(t.Context(), "password", stored); !ok || err != nil {
			t.Errorf("%s: got %v, %v", stored, ok, err)
		}
		for _, other := range []string{"", "Password", "password ", "passwor", stored} {
			if ok, err := h.Match(t.Context(), other, stored); ok || err != nil {
				t.Errorf("%s and %q: got %v, %v", stored, other, ok, err)
			}
		}
	}
}

// A damaged hash is an error of ours, not a wrong password; and it must not
// take the process's memory, or panic.
func TestDamagedHashes(t *testing.T) {
	h := NewHasher()
	const salt, key = "c29tZXNhbHQ", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	for name, stored := range map[string]string{
		"nothing but marks":   "$$$$$",
		"plain text":          secret,
		"a beginning":         "x$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + key,
		"an end":              "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + key + "$",
		"another algorithm":   "$argon2i$v=19$m=256,t=2,p=1$" + salt + "$" + key,
		"another version":     "$argon2id$v=16$m=256,t=2,p=1$" + salt + "$" + key,
		"no version":          "$argon2id$m=256,t=2,p=1$" + salt + "$" + key,
		"parameters missing":  "$argon2id$v=19$m=256,t=2$" + salt + "$" + key,
		"parameters and more": "$argon2id$v=19$m=256,t=2,p=1,x=1$" + salt + "$" + key,
		"parameters in words": "$argon2id$v=19$m=lots,t=2,p=1$" + salt + "$" + key,
		"no passes":           "$argon2id$v=19$m=256,t=0,p=1$" + salt + "$" + key,
		"no lanes":            "$argon2id$v=19$m=256,t=2,p=0$" + salt + "$" + key,
		"no memory":           "$argon2id$v=19$m=0,t=2,p=1$" + salt + "$" + key,
		"four terabytes":      "$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + key,
		"passes for days":     "$argon2id$v=19$m=256,t=4294967295,p=1$" + salt + "$" + key,
		"too many lanes":      "$argon2id$v=19$m=256,t=2,p=256$" + salt + "$" + key,
		"a salt that is none": "$argon2id$v=19$m=256,t=2,p=1$!$" + key,
		"a key that is none":  "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$!",
		"no key":              "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$",
		"a key cut off":       "$argon2id$v=19$m=256,t=2,p=1$" + salt + "$" + key[:8],
	} {
		if ok, err := h.Match(t.Context(), "password", stored); ok || err == nil || strings.Contains(err.Error(), key) {
			t.Errorf("%s: got %v, %v", name, ok, err)
		}
	}
}

// Whether there is an account must not be told by how long a refusal takes. The
// time is that of the memory that is filled; it is counted, as time is not to
// be relied on.
func TestNoAccountCostsAsMuchAsAWrongPassword(t *testing.T) {
	h := NewHasher()
	stored := hash(t, h, secret)
	var none, wrong uint64
	none = allocated(func() { refuse(t, h, "") })
	wrong = allocated(func() { refuse(t, h, stored) })
	if low, high := min(none, wrong), max(none, wrong); low < memory*1024 || high-low > high/100 {
		t.Errorf("no account takes %d bytes, a wrong password %d", none, wrong)
	}
}

func refuse(t *testing.T, h *Hasher, stored string) {
	if ok, err := h.Match(t.Context(), "wrong", stored); ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// No more are hashed at once than there are processors: who comes then waits,
// and goes when nobody waits for the answer any more.
func TestHashingWaitsForAProcessor(t *testing.T) {
	h := NewHasher()
	all := int64(runtime.GOMAXPROCS(0))
	if !h.running.TryAcquire(all) {
		t.Fatal("the places are taken from the start")
	}
	ctx, cancel := context.WithCancel(t.Context())
	refused := make(chan error)
	go func() {
		_, err := h.Hash(ctx, secret)
		refused <- err
	}()
	cancel()
	if err := <-refused; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	h.running.Release(all)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() { hash(t, h, fmt.Sprint(i)) })
	}
	wg.Wait()
	if !h.running.TryAcquire(all) {
		t.Error("a place is lost")
	}
}

func TestMemoryIsGivenBackAfterTheLastHash(t *testing.T) {
	h := NewHasher()
	hash(t, h, secret)
	var m runtime.MemStats
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(20 * time.Millisecond) {
		runtime.ReadMemStats(&m)
		if m.HeapSys-m.HeapReleased < memory*1024 {
			return
		}
	}
	t.Errorf("%d MiB are held", (m.HeapSys-m.HeapReleased)>>20)
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}
