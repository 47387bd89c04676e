//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLevelsThatAMachineCannot(t *testing.T) {
	const why = "it has none"
	for name, c := range map[string]struct {
		m      machine
		level  Level
		want   Level
		errors []string
	}{
		"all there":                 {machine{}, Strict, Strict, nil},
		"the best":                  {machine{}, Auto, Standard, nil},
		"less is taken":             {machine{noPorts: why}, Auto, Basic, nil},
		"but not when it was asked": {machine{noPorts: why}, Standard, "", []string{"isolation standard", ports, why, "isolation auto"}},
		"each is named":             {machine{noFiles: why, noCalls: why}, Strict, "", []string{files, calls}},
		"a user is not needed":      {machine{noUser: why}, Standard, Standard, nil},
		"nor what a higher has":     {machine{noStrict: why}, Standard, Standard, nil},
		"no namespaces":             {machine{noStrict: why}, Strict, "", []string{"isolation strict", namespaced, why}},
		"basic is always":           {machine{noFiles: why, noCalls: why, noPorts: why}, Basic, Basic, nil},
		"unknown":                   {machine{}, "tight", "", []string{`"tight"`, "none, basic, standard, strict, auto"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.m.take(c.level)
			if got != c.want || (err != nil) != (c.errors != nil) {
				t.Fatalf("%q, %v; want %q", got, err, c.want)
			}
			for _, part := range c.errors {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("error %q lacks %q", err, part)
				}
			}
		})
	}
}

func TestMeasuresSayWhy(t *testing.T) {
	for _, e := range (machine{noUser: "not root"}).measures(Standard) {
		wantOn := e.Name != ownUser && e.Name != namespaced
		if e.On != wantOn || e.On != (e.Why == "") {
			t.Errorf("%+v", e)
		}
	}
}

func TestOldKernels(t *testing.T) {
	for version, want := range map[int][]string{0: {files, ports, signals}, 2: {files, ports, signals}, 3: {ports, signals}, 5: {signals}, 6: nil} {
		m := machine{landlock: landlockOf(version), noUser: "not root"}
		m.lookAtLandlock()
		var missing []string
		for _, e := range m.measures(Standard) {
			if !e.On && (e.Name == files || e.Name == ports || e.Name == signals) {
				missing = append(missing, e.Name)
			}
		}
		if strings.Join(missing, " ") != strings.Join(want, " ") {
			t.Errorf("Landlock %d: %q are missing, want %q", version, missing, want)
		}
	}
}

func TestNew(t *testing.T) {
	if _, err := New("tight", t.TempDir()); err == nil || !strings.HasPrefix(err.Error(), "sandbox: ") {
		t.Errorf("error %v", err)
	}
	if _, err := New(None, "/dev/null/folder"); err == nil {
		t.Error("a folder that cannot be made is none")
	}
}

// A function at level strict has a /tmp of its own, which hides what the data
// folder has in the machine's: whatever that is called.
func TestADataFolderInTmpIsTold(t *testing.T) {
	inside, err := os.MkdirTemp("/tmp", "sandbox-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(inside) })
	outside := openDir(t)
	toInside, toOutside := filepath.Join(outside, "link"), filepath.Join(inside, "link")
	for from, to := range map[string]string{toInside: inside, toOutside: outside} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	for dir, want := range map[string]bool{
		"/tmp": true, inside: true, toInside: true, outside: strings.HasPrefix(base()+"/", "/tmp/"), toOutside: strings.HasPrefix(base()+"/", "/tmp/"),
		"/tmpfiles": false, filepath.Join(inside, "nowhere"): true,
	} {
		if got := inTmp(dir); got != want {
			t.Errorf("%s is in /tmp: %v", dir, got)
		}
	}
	if os.Geteuid() != 0 {
		return // for whom strict is not to be had for another reason
	}
	for _, dir := range []string{inside, toInside} {
		s, err := New(Strict, dir)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "the data folder "+dir+" is in /tmp") || !strings.Contains(err.Error(), "--data") {
			t.Errorf("strict with its data in %s: %v", dir, err)
		}
	}
}

func TestSpecsThatCannotBe(t *testing.T) {
	at(t, None, func(t *testing.T, w *world) {
		for name, change := range map[string]func(*Spec){
			"relative code":     func(s *Spec) { s.Code = "code" },
			"no program":        func(s *Spec) { s.Program = s.Code + "/none" },
			"nowhere to write":  func(s *Spec) { s.Output = nil },
			"an unknown level":  func(s *Spec) { s.Level = "tight" },
			"a zero in a value": func(s *Spec) { s.Env = []string{"A=\x00"} },
		} {
			spec := w.function("exit", "0")
			spec.Output = w.null
			change(&spec)
			if p, err := w.Start(spec); err == nil {
				p.Kill()
				t.Errorf("%s: it starts", name)
			} else if !strings.HasPrefix(err.Error(), "start ") {
				t.Errorf("%s: %v", name, err)
			}
		}
		spec := w.script("")
		spec.Program = w.file(spec.Code, "plain", 0o644)
		spec.Output = w.null
		if _, err := w.Start(spec); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("a file that is no program: %v", err)
		}
		if exit, _ := w.start(w.function("exit", "3")).end(); exit.String() != "exit status 3" {
			t.Errorf("afterwards: %s", exit)
		}
	})
}
