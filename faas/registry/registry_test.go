package registry

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
)

func ignore(old, now *Function) {}

func open(t testing.TB, path string, changed func(old, now *Function)) (*Registry, *bbolt.DB) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(db, changed)
	if err != nil {
		t.Fatal(err)
	}
	return r, db
}

func newRegistry(t testing.TB) *Registry {
	r, db := open(t, filepath.Join(t.TempDir(), "state.db"), ignore)
	t.Cleanup(func() { db.Close() })
	return r
}

func config(name string) *function.Config {
	return &function.Config{Name: name, Version: function.Latest, Runtime: "provided.al2023", Memory: 128, Timeout: 3 * time.Second, Code: function.Sum([]byte(name)), Revision: "0"}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t testing.TB, r *Registry, name string) {
	t.Helper()
	_, err := r.Create(&Function{Latest: config(name)})
	must(t, err)
}

// TestReopen finds everything as it was.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	r, db := open(t, path, ignore)
	retries, reserved := 1, 7
	c := config("a")
	c.Env, c.Runner = map[string]string{"X": "1"}, function.Settings{Connect: []uint16{80}, KeepAlive: time.Minute}
	c.State = function.Begin(function.Pending)
	f := &Function{Latest: c, Before: config("a"), Reserved: &reserved, Tags: map[string]string{"t": "1"}, Recursion: RecursionAllow, MayInvoke: []string{}}
	f.Publish("first", "1")
	f.SetAlias(Alias{Name: "live", Version: "1", Weights: map[string]float64{"2": 0.25}, Revision: "x"})
	f.SetAsync("live", Async{Retries: &retries, MaxAge: time.Hour, OnFailure: "arn", Modified: time.Unix(1, 0).UTC()})
	f.SetProvisioned("live", Provisioned{Instances: 2, Modified: time.Unix(2, 0).UTC()})
	_, err := r.Create(f)
	must(t, err)
	create(t, r, "b")
	create(t, r, "gone")
	must(t, r.Delete("gone"))
	must(t, db.Close())

	r, db = open(t, path, ignore)
	defer db.Close()
	got, err := r.Get("a")
	must(t, err)
	if diff := cmp.Diff(f, got); diff != "" {
		t.Errorf("function (-want +got):\n%s", diff)
	}
	if n := len(r.All()); n != 2 {
		t.Errorf("%d functions", n)
	}
}

// TestMayInvokeNothing tells an empty list from none, over the disk too.
func TestMayInvokeNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	r, db := open(t, path, ignore)
	_, err := r.Create(&Function{Latest: config("a"), MayInvoke: []string{}})
	must(t, err)
	_, err = r.Change("a", func(*Function) error { return nil })
	must(t, err)
	must(t, db.Close())
	r, db = open(t, path, ignore)
	defer db.Close()
	if f, _ := r.Get("a"); f.MayInvoke == nil {
		t.Error("a function that may invoke nothing may invoke everything")
	}
}

// TestKilled kills a process that registers functions, and finds every one that
// it said was registered.
func TestKilled(t *testing.T) {
	if path := os.Getenv("REGISTRY_TEST_PATH"); path != "" {
		r, _ := open(t, path, ignore)
		for i := 0; ; i++ {
			name := fmt.Sprintf("f%04d", i)
			create(t, r, name)
			_, err := r.Change(name, func(f *Function) error { f.Publish("", "1"); return nil })
			must(t, err)
			fmt.Println(name)
		}
	}
	path := filepath.Join(t.TempDir(), "state.db")
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	cmd.Env = append(os.Environ(), "REGISTRY_TEST_PATH="+path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	var said strings.Builder
	buf := make([]byte, 1<<10)
	for strings.Count(said.String(), "\n") < 20 {
		n, err := out.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		said.Write(buf[:n])
	}
	must(t, cmd.Process.Kill())
	for n, err := out.Read(buf); err == nil; n, err = out.Read(buf) {
		said.Write(buf[:n])
	}
	_ = cmd.Wait() // it was killed

	r, db := open(t, path, ignore)
	defer db.Close()
	complete := said.String()[:strings.LastIndex(said.String(), "\n")]
	for name := range strings.SplitSeq(complete, "\n") {
		f, err := r.Get(name)
		if err != nil || len(f.Versions) != 1 {
			t.Errorf("%s was registered and published: %+v, %v", name, f, err)
		}
	}
}

// TestDamaged says which function cannot be read.
func TestDamaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	r, db := open(t, path, ignore)
	create(t, r, "a")
	must(t, db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put([]byte("a"), []byte("{")) }))
	defer db.Close()
	if _, err := Open(db, ignore); err == nil || !strings.Contains(err.Error(), "function a") {
		t.Errorf("opened with %v", err)
	}
}

// TestChanged tells of every change in its order, and of none that failed.
func TestChanged(t *testing.T) {
	var said []string
	name := func(f *Function) string {
		if f == nil {
			return "-"
		}
		return f.Latest.Name + f.Latest.Description
	}
	r, db := open(t, filepath.Join(t.TempDir(), "state.db"), func(old, now *Function) { said = append(said, name(old)+" to "+name(now)) })
	defer db.Close()
	create(t, r, "a")
	_, err := r.Create(&Function{Latest: config("a")})
	wantType(t, err, "ResourceConflictException")
	_, err = r.Change("a", func(f *Function) error { f.Latest.Description = "1"; return nil })
	must(t, err)
	refusal := errors.New("no")
	_, err = r.Change("a", func(f *Function) error {
		f.Latest.Description = "2"
		f.Tags = map[string]string{"x": ""}
		return refusal
	})
	if !errors.Is(err, refusal) {
		t.Errorf("refused with %v", err)
	}
	_, err = r.Change("b", func(*Function) error { return nil })
	wantType(t, err, "ResourceNotFoundException")
	must(t, r.Delete("a"))
	wantType(t, r.Delete("a"), "ResourceNotFoundException")
	if diff := cmp.Diff([]string{"- to a", "a to a1", "a1 to -"}, said); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func wantType(t *testing.T, err error, kind string) {
	t.Helper()
	if e, ok := errors.AsType[*function.Error](err); !ok || e.Type != kind {
		t.Errorf("got %v, want %s", err, kind)
	}
}

// TestManyChanges changes from many sides while others read: what is read is
// never half changed, and no change is lost.
func TestManyChanges(t *testing.T) {
	r := newRegistry(t)
	create(t, r, "a")
	const writers, each = 4, 25
	var wg, readers sync.WaitGroup
	stop := make(chan struct{})
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			f, c, err := r.Resolve(function.Ref{Name: "a"})
			if err != nil || c.Description != c.Handler || len(f.Tags) > writers*each {
				t.Errorf("read %q, %q: %v", c.Description, c.Handler, err)
				return
			}
		}
	})
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				_, err := r.Change("a", func(f *Function) error {
					name := fmt.Sprintf("%d/%d", w, i)
					if f.Tags == nil {
						f.Tags = map[string]string{}
					}
					f.Tags[name] = name
					f.Latest.Description, f.Latest.Handler = name, name
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
	if f, _ := r.Get("a"); len(f.Tags) != writers*each {
		t.Errorf("%d changes of %d", len(f.Tags), writers*each)
	}
}
