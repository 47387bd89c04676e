package poller

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/mapping"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// made are records whose offsets and ages are given: "7" is new, "7@90" is 90
// seconds old.
func made(s string) portion {
	var p portion
	for f := range strings.FieldsSeq(s) {
		var offset int64
		var age int
		fmt.Sscanf(f, "%d@%d", &offset, &age)
		p.records = append(p.records, record{offset: offset, time: noon.Add(-time.Duration(age) * time.Second)})
	}
	return p
}

// said writes a verdict: "1+2 RetryAttemptsExhausted; 4 5 (1) wait 2s" has one
// record done, two given up, and two to be tried again, which have failed once.
func said(v verdict) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("%d+%d %s", v.done, len(v.aside.records), v.condition))
	for _, p := range v.rest {
		s.WriteString(";")
		for _, r := range p.records {
			s.WriteString(fmt.Sprintf(" %d", r.offset))
		}
		s.WriteString(fmt.Sprintf(" (%d)", p.failures))
	}
	if v.wait > 0 {
		s.WriteString(" wait " + v.wait.String())
	}
	return s.String()
}

func TestDecide(t *testing.T) {
	waits := Waits{First: time.Second, Limit: 5 * time.Second}
	forever, thrice := rules{retries: mapping.Forever, waits: waits}, rules{retries: 2, waits: waits}
	halves := rules{retries: 1, bisect: true, waits: waits}
	after := func(p portion, failures int) portion { p.failures = failures; return p }
	for _, c := range []struct {
		name   string
		rules  rules
		p      portion
		failed int
		want   string
	}{
		{"all done", forever, made("1 2 3"), 3, "3+0 "},
		{"all failed", forever, made("1 2 3"), 0, "0+0 ; 1 2 3 (1) wait 1s"},
		{"again and again", forever, after(made("1 2"), 40), 0, "0+0 ; 1 2 (41) wait 5s"},
		{"the waits grow", forever, after(made("1 2"), 2), 0, "0+0 ; 1 2 (3) wait 4s"},
		{"some done", forever, made("1 2 3"), 2, "2+0 ; 3 (1) wait 1s"},
		{"what was tried before is done", thrice, after(made("1 2 3"), 2), 1, "1+0 ; 2 3 (1) wait 1s"},
		{"the last try but one", thrice, after(made("1 2"), 1), 0, "0+0 ; 1 2 (2) wait 2s"},
		{"the last try", thrice, after(made("1 2"), 2), 0, "0+2 RetryAttemptsExhausted"},
		{"no retries, some done", rules{retries: 0, waits: waits}, made("1 2 3"), 1, "1+2 RetryAttemptsExhausted"},
		{"in halves", halves, made("1 2 3 4 5"), 0, "0+0 ; 1 2 (0); 3 4 5 (0) wait 1s"},
		{"halving is no try", halves, after(made("1 2"), 1), 0, "0+0 ; 1 (1); 2 (1) wait 1s"},
		{"one cannot be halved", halves, made("1"), 0, "0+0 ; 1 (1) wait 1s"},
		{"one is given up", halves, after(made("1"), 1), 0, "0+1 RetryAttemptsExhausted"},
		{"the report says where to part", halves, made("1 2 3 4"), 2, "2+0 ; 3 4 (1) wait 1s"},
	} {
		if got := said(c.rules.ran(c.p, c.failed)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRefusalsAreNoTries(t *testing.T) {
	r := rules{retries: 0, waits: Waits{First: time.Second, Limit: 5 * time.Second}}
	p := made("1 2")
	var got []string
	for range 4 {
		v := r.refused(p)
		got = append(got, said(v))
		p = v.rest[0]
	}
	want := []string{"0+0 ; 1 2 (0) wait 1s", "0+0 ; 1 2 (0) wait 2s", "0+0 ; 1 2 (0) wait 4s", "0+0 ; 1 2 (0) wait 5s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

func TestAge(t *testing.T) {
	for _, c := range []struct {
		name, records string
		age           time.Duration
		ok            bool
		want          string
	}{
		{"any age", "1@9999 2", 0, true, "0+0 "},
		{"all young", "1@60 2@59", time.Minute, true, "0+0 "},
		{"all old", "1@62 2@61", time.Minute, false, "0+2 RecordAgeExceeded"},
		{"the first are old", "1@99 2@61 3@60 4", time.Minute, false, "0+2 RecordAgeExceeded; 3 4 (0)"},
		{"one between is old", "1 2@61 3", time.Minute, false, "0+0 ; 1 (0); 2 3 (0)"},
	} {
		v, ok := rules{maxAge: c.age}.before(made(c.records), noon)
		if got := said(v); got != c.want || ok != c.ok {
			t.Errorf("%s: got %q, %t, want %q, %t", c.name, got, ok, c.want, c.ok)
		}
	}
}

// Whatever the function reports, no record is lost, none is overtaken by one
// behind it, and with a bound on tries there is an end.
func TestEveryRecordEnds(t *testing.T) {
	for _, r := range []rules{{retries: 0}, {retries: 3}, {retries: 0, bisect: true}, {retries: 2, bisect: true}} {
		for bad := range 9 {
			var done, aside []int64
			todo := []portion{made("0 1 2 3 4 5 6 7")}
			for steps := 0; len(todo) > 0; steps++ {
				if steps > 1000 {
					t.Fatalf("%+v does not end with record %d", r, bad)
				}
				p, failed := todo[0], 0
				if r.bisect { // it succeeds with all or with none
					failed = len(p.records)
				}
				for i, one := range p.records {
					if one.offset == int64(bad) {
						failed = i
						if r.bisect {
							failed = 0
						}
						break
					}
					if !r.bisect {
						failed = i + 1
					}
				}
				v := r.ran(p, failed)
				for i, one := range p.records[:v.done+len(v.aside.records)] {
					if i < v.done {
						done = append(done, one.offset)
					} else {
						aside = append(aside, one.offset)
					}
				}
				todo = append(v.rest, todo[1:]...)
			}
			if len(done)+len(aside) != 8 {
				t.Errorf("%+v with record %d: %v were done and %v given up", r, bad, done, aside)
			}
			if r.bisect && bad < 8 && !cmp.Equal(aside, []int64{int64(bad)}) {
				t.Errorf("%+v with record %d gave up %v", r, bad, aside)
			}
		}
	}
}
