package registry

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"triptych/faas/function"
)

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
