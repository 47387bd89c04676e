package registry

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// TestResolve finds what each qualifier means.
func TestResolve(t *testing.T) {
	r := newRegistry(t)
	f := &Function{Latest: config("a")}
	for i := range 12 {
		f.Latest.Memory = 200 + i
		f.Publish("", "r")
	}
	f.Latest.Memory = 1000
	f.SetAlias(Alias{Name: "live", Version: "10"})
	f.SetAlias(Alias{Name: "newest", Version: function.Latest})
	must(t, f.Unpublish("11"))
	_, err := r.Create(f)
	must(t, err)
	for qualifier, memory := range map[string]int{"": 1000, "$LATEST": 1000, "1": 200, "2": 201, "9": 208, "10": 209, "12": 211, "live": 209, "newest": 1000} {
		for _, find := range []func(function.Ref) (*Function, *function.Config, error){r.Resolve, r.Lookup} {
			if _, c, err := find(function.Ref{Name: "a", Qualifier: qualifier}); err != nil || c.Memory != memory {
				t.Errorf("%q: %+v, %v", qualifier, c, err)
			}
		}
	}
	for _, qualifier := range []string{"0", "01", "11", "13", "dead", "$latest", "-1", strings.Repeat("9", 100)} {
		_, _, err := r.Resolve(function.Ref{Name: "a", Qualifier: qualifier})
		wantType(t, err, "ResourceNotFoundException")
	}
	_, _, err = r.Resolve(function.Ref{Name: "b"})
	wantType(t, err, "ResourceNotFoundException")
	wantType(t, f.Unpublish("10"), "ResourceConflictException")
}

// TestWeights draws from an alias of two versions by a seeded chance.
func TestWeights(t *testing.T) {
	f := &Function{Latest: config("a")}
	f.Publish("", "1")
	f.Latest.Memory = 256
	f.Publish("", "2")
	f.SetAlias(Alias{Name: "live", Version: "1", Weights: map[string]float64{"2": 0.1}})
	chance := rand.New(rand.NewPCG(1, 2)).Float64
	const n = 20_000
	drawn := map[string]int{}
	for range n {
		c, err := f.resolve("live", chance)
		must(t, err)
		drawn[c.Version]++
	}
	// Four standard deviations of the binomial distribution.
	if got, want := drawn["2"], n/10; got < want-170 || got > want+170 || drawn["1"]+drawn["2"] != n {
		t.Errorf("drawn %v, want about %d times 2", drawn, want)
	}
	for weight, want := range map[float64]string{0: "1", 1: "2"} {
		f.SetAlias(Alias{Name: "live", Version: "1", Weights: map[string]float64{"2": weight}})
		for _, x := range []float64{0, 0.5, 0.9999999999999999} {
			if c, _ := f.resolve("live", func() float64 { return x }); c.Version != want {
				t.Errorf("weight %v at %v: version %s", weight, x, c.Version)
			}
		}
	}
}

// TestPublish fixes what was changed, and nothing twice.
func TestPublish(t *testing.T) {
	f := &Function{Latest: config("a")}
	first := f.Publish("words", "1")
	if again := f.Publish("other words", "2"); again != first || first.Version != "1" || first.Description != "words" {
		t.Errorf("published %+v, then %+v", first, again)
	}
	for what, change := range map[string]func(*function.Config){
		"code":       func(c *function.Config) { c.Code[0]++ },
		"memory":     func(c *function.Config) { c.Memory++ },
		"timeout":    func(c *function.Config) { c.Timeout++ },
		"variable":   func(c *function.Config) { c.Env = map[string]string{"X": "1"} },
		"isolation":  func(c *function.Config) { c.Runner.Isolation = "none" },
		"connect":    func(c *function.Config) { c.Runner.Connect = []uint16{1} },
		"dead":       func(c *function.Config) { c.DeadLetter = "x" },
		"handler":    func(c *function.Config) { c.Handler = "x" },
		"keep-alive": func(c *function.Config) { c.Runner.KeepAlive++ },
	} {
		change(f.Latest)
		last := f.Last
		if c := f.Publish("", "r"); f.Last != last+1 || c == f.Latest {
			t.Errorf("a change of %s was not published", what)
		}
	}
	must(t, f.Unpublish(f.Versions[len(f.Versions)-1].Version))
	last := f.Last
	if f.Publish("", "r"); f.Last != last+1 {
		t.Error("what was published and removed was not published again")
	}
}

// TestHotPath measures what is on the way of each invocation.
func TestHotPath(t *testing.T) {
	r := newRegistry(t)
	f := &Function{Latest: config("a")}
	f.Publish("", "1")
	f.Latest.Memory = 256
	f.Publish("", "2")
	f.SetAlias(Alias{Name: "live", Version: "1", Weights: map[string]float64{"2": 0.5}})
	_, err := r.Create(f)
	must(t, err)
	for _, qualifier := range []string{"", "2", "live"} {
		ref := function.Ref{Name: "a", Qualifier: qualifier}
		if n := testing.AllocsPerRun(100, func() { _, _, _ = r.Resolve(ref) }); n > 0 {
			t.Errorf("%q: %v allocations", qualifier, n)
		}
	}
}

// TestPrepared goes through the states of a function.
func TestPrepared(t *testing.T) {
	r := newRegistry(t)
	c := config("a")
	c.State = function.Begin(function.Pending)
	f := &Function{Latest: c}
	f.Publish("", "1")
	_, err := r.Create(f)
	must(t, err)
	state := func() string {
		f, err := r.Get("a")
		must(t, err)
		running := "new"
		if f.Before != nil {
			running = "old"
		}
		s := []string{f.Latest.State.Status, f.Latest.Update.Status, running}
		for _, c := range f.Versions {
			s = append(s, c.State.Status)
		}
		return strings.Join(s, ",")
	}
	want := func(want string) {
		t.Helper()
		if got := state(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	next := func(code string, publish bool) function.Digest {
		d := function.Sum([]byte(code))
		_, err := r.Change("a", func(f *Function) error {
			c := f.Latest.Clone()
			c.Code = d
			f.Deploy(c)
			if publish {
				f.Publish("", "r")
			}
			return nil
		})
		must(t, err)
		return d
	}
	bad := function.InvalidZip("bad")
	want("Pending,,new,Pending")
	_, _, err = r.Resolve(function.Ref{Name: "a"})
	wantType(t, err, "ResourceConflictException")
	must(t, r.Prepared("a", function.Sum([]byte("another")), nil)) // changes nothing
	want("Pending,,new,Pending")
	must(t, r.Prepared("a", c.Code, bad))
	want("Failed,,new,Failed")
	must(t, r.Prepared("a", next("2", false), nil))
	want(",,new,Failed")
	d := next("3", true)
	want(",InProgress,old,Failed,Pending")
	if _, c, err := r.Resolve(function.Ref{Name: "a"}); err != nil || c.Code != function.Sum([]byte("2")) {
		t.Errorf("what runs meanwhile: %+v, %v", c, err)
	}
	if !r.InUse(function.Sum([]byte("2"))) {
		t.Error("the code that runs meanwhile is in nobody's use")
	}
	must(t, r.Prepared("a", d, bad))
	want(",Failed,old,Failed,Failed")
	d = next("4", true)
	want(",InProgress,old,Failed,Failed,Pending")
	if got, _ := r.Get("a"); len(got.Waiting()) != 1 || got.Waiting()[0] != d || got.Settled() == nil {
		t.Errorf("waits for %v, settled: %v", got.Waiting(), got.Settled())
	}
	must(t, r.Prepared("a", d, nil))
	want(",,new,Failed,Failed,")
	if got, _ := r.Get("a"); got.Settled() != nil || len(got.Waiting()) > 0 {
		t.Errorf("waits for %v", got.Waiting())
	}
	wantType(t, r.Prepared("b", d, nil), "ResourceNotFoundException")
}

// TestProvision counts what is kept for a version by its number and its aliases.
func TestProvision(t *testing.T) {
	f := &Function{Latest: config("a")}
	f.SetAlias(Alias{Name: "x", Version: "1"})
	f.SetAlias(Alias{Name: "y", Version: "1"})
	f.SetAlias(Alias{Name: "z", Version: "2"})
	for name, n := range map[string]int{"x": 1, "y": 2, "z": 4} {
		f.SetProvisioned(name, Provisioned{Instances: n})
	}
	if f.Provision("1") != 3 || f.Provision("2") != 4 || f.Provision("3") != 0 || f.Instances() != 7 {
		t.Errorf("%d, %d, %d of %d", f.Provision("1"), f.Provision("2"), f.Provision("3"), f.Instances())
	}
	must(t, f.CheckProvisioned())
	f.RemoveAlias("y")
	if names := slices.Sorted(maps.Keys(f.Provisioned)); !slices.Equal(names, []string{"x", "z"}) {
		t.Errorf("left: %v", names)
	}
	f.SetProvisioned("1", Provisioned{Instances: 1})
	wantType(t, f.CheckProvisioned(), "ResourceConflictException")
}

func BenchmarkResolve(b *testing.B) {
	r := newRegistry(b)
	create(b, r, "a")
	ref := function.Ref{Name: "a"}
	for b.Loop() {
		_, _, _ = r.Resolve(ref)
	}
}
