package runner_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/internal/waittest"
)

func openIn(t *testing.T, data string) *runner.Runner {
	t.Helper()
	r, err := runner.Open(runner.Options{Data: data, Addr: "127.0.0.1:1", Isolation: sandbox.None, Concurrency: 10, KeepAlive: time.Minute, Cache: 1 << 30, Logs: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// code keeps a program that is never run.
func code(t *testing.T, r *runner.Runner, content string) function.Digest {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap"}
	h.SetMode(0o755)
	f, err := w.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write([]byte(content))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	d, err := r.Code.Put(t.Context(), b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func register(t *testing.T, r *runner.Runner, name string, d function.Digest) {
	t.Helper()
	c := &function.Config{Name: name, Runtime: "provided.al2023", Code: d, Revision: "1", State: function.Begin(function.Pending)}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Registry.Create(&registry.Function{Latest: c}); err != nil {
		t.Fatal(err)
	}
}

func active(t *testing.T, r *runner.Runner, name string) {
	t.Helper()
	waittest.Until(t, name+" is active", func() bool {
		f, err := r.Registry.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return f.Latest.State.Done() && len(f.Waiting()) == 0
	})
}

// TestPreparedByTheNext goes on with what a runner that was killed had begun.
func TestPreparedByTheNext(t *testing.T) {
	data := t.TempDir()
	r := openIn(t, data)
	register(t, r, "a", code(t, r, "a"))
	active(t, r, "a")
	r.Close()

	db, err := bbolt.Open(filepath.Join(data, "state.db"), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("functions"))
		var f registry.Function
		if err := json.Unmarshal(b.Get([]byte("a")), &f); err != nil {
			return err
		}
		f.Latest.State = function.Begin(function.Pending)
		doc, err := json.Marshal(f)
		if err != nil {
			return err
		}
		return b.Put([]byte("a"), doc)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	r = openIn(t, data)
	defer r.Close()
	active(t, r, "a")
}

// TestCollect removes code that no version needs, and no other.
func TestCollect(t *testing.T) {
	data := t.TempDir()
	r := openIn(t, data)
	defer r.Close()
	used, gone, young := code(t, r, "used"), code(t, r, "gone"), code(t, r, "young")
	register(t, r, "a", used)
	active(t, r, "a")
	register(t, r, "b", gone)
	active(t, r, "b")
	if err := r.Registry.Delete("b"); err != nil {
		t.Fatal(err)
	}
	blob := func(d function.Digest) string { return filepath.Join(data, "code", "blobs", d.String()+".zip") }
	hourAgo := time.Now().Add(-time.Hour)
	for _, d := range []function.Digest{used, gone} {
		if err := os.Chtimes(blob(d), hourAgo, hourAgo); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	waittest.Until(t, "the code is gone", func() bool {
		_, err := os.Stat(blob(gone))
		return os.IsNotExist(err)
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, d := range []function.Digest{used, young} {
		if _, err := os.Stat(blob(d)); err != nil {
			t.Error(err)
		}
	}
}
