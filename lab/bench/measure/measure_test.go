package measure

import (
	"os"
	"testing"
	"time"
)

func TestProcessFigures(t *testing.T) {
	pid := os.Getpid()
	before, err := OwnTime(pid)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		after, err := OwnTime(pid)
		if err != nil {
			t.Fatal(err)
		}
		if after >= before+5*Tick {
			break
		}
	}
	after, err := OwnTime(pid)
	if err != nil || after < before+5*Tick {
		t.Errorf("a busy process used %s (%v)", after-before, err)
	}
	family, err := FamilyTime(os.Getppid())
	if err != nil || family < after {
		t.Errorf("the parent's family used %s, less than this child's %s (%v)", family, after, err)
	}
	rss, err := Memory(pid, "VmRSS")
	if err != nil || rss < 1<<20 || rss > 1<<32 {
		t.Errorf("memory %d (%v)", rss, err)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{5, 1, 3}, 3}, {[]float64{4, 1, 2, 9}, 3}} {
		if got := Median(c.of); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.of, got, c.want)
		}
	}
}
