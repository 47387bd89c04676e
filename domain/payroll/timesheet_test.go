package payroll

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"triptych/domain/fault"
)

func TestTimesheet(t *testing.T) {
	file := "\ufeff" + Header + "\r\n" +
		"emp-1,160,7.5\r\n" +
		"\n" +
		"\"emp-2\",\"0.25\",\"0\"\n" +
		"emp-3,320,320.00\n" +
		"emp-4,320.01,0\n" +
		"emp-5,-1,0\n" +
		"emp-6,1,many\n" +
		"emp-7,1.234,0\n" +
		"emp-8,,\n" +
		"emp-9,8\n" +
		"emp-10,8,0,0\n" +
		",8,0\n" +
		"em\xffp,8,0\n" +
		"who is this,8,0\n" +
		"emp-11,\xff,0\n" +
		"emp-12,8," + strings.Repeat("0", 5000) + "\n" +
		"emp-13,9999999999999999999999,0\n" +
		"emp-14,8,0"
	wantRows := []Row{
		{2, "emp-1", 160_00, 7_50}, {4, "emp-2", 25, 0}, {5, "emp-3", 320_00, 320_00},
		{15, "who is this", 8_00, 0}, {19, "emp-14", 8_00, 0},
	}
	wantRejected := []string{
		"6 emp-4 bad_hours", "7 emp-5 bad_hours", "8 emp-6 bad_hours", "9 emp-7 bad_hours", "10 emp-8 bad_hours",
		"11 emp-9 bad_row", "12 emp-10 bad_row", "13  bad_row", "14  bad_row",
		"16 emp-11 bad_hours", "17 emp-12 bad_row", "18 emp-13 bad_hours",
	}
	rows, rejected, err := readAll(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantRows, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var got []string
	for _, r := range rejected {
		got = append(got, fmt.Sprintf("%d %s %s", r.Line, r.Employee, r.Code))
		if r.Detail == "" {
			t.Errorf("line %d is rejected without a word", r.Line)
		}
	}
	if diff := cmp.Diff(wantRejected, got); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
}

func TestTimesheetHeader(t *testing.T) {
	for _, file := range []string{"", "\n", "\ufeff", "employee,hours\n", "emp-1,160,0\n", "Employee,Hours,Overtime_hours\n",
		Header + ",more\n", strings.Repeat("x", 10_000)} {
		if _, err := ReadTimesheet(strings.NewReader(file)); !fault.Is(err, "invalid") {
			t.Errorf("%.40q: %v, want invalid", file, err)
		}
	}
	rows, rejected, err := readAll(strings.NewReader(Header))
	if err != nil || rows != nil || rejected != nil {
		t.Errorf("a header alone: %v, %v, %v, want nothing", rows, rejected, err)
	}
}

func TestTimesheetThatIsTooLong(t *testing.T) {
	rows := strings.Repeat("emp-1,1,1\n", MaxRows-1) + "emp-1,bad,1\n"
	if _, _, err := readAll(strings.NewReader(Header + "\n" + rows + "\n\n")); err != nil {
		t.Errorf("%d rows: %v", MaxRows, err)
	}
	if _, _, err := readAll(strings.NewReader(Header + "\n" + rows + "emp-1,1,1")); !fault.Is(err, "invalid") {
		t.Errorf("one row more: %v, want invalid", err)
	}
}

func TestTimesheetThatBreaksOff(t *testing.T) {
	broken := errors.New("connection reset")
	for _, sent := range []string{"", "emp", Header + "\nemp-1,1,1\nemp"} {
		_, _, err := readAll(io.MultiReader(strings.NewReader(sent), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Errorf("after %q: %v, want the reader's error", sent, err)
		}
	}
}

// Ten megabytes without a line end must not be held, nor a hundred thousand rows.
func TestTimesheetMemoryIsFlat(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"one long line": io.LimitReader(endless("emp-1,1"), 10<<20),
		"many rows":     strings.NewReader(strings.Repeat("emp-1,1,1\n", MaxRows)),
	} {
		sheet, err := ReadTimesheet(io.MultiReader(strings.NewReader(Header+"\n"), body))
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for err == nil {
			_, _, err = sheet.Next()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err != io.EOF {
			t.Errorf("%s: %v", name, err)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 256<<10 {
			t.Errorf("%s: the heap grew by %d bytes", name, grown)
		}
		runtime.KeepAlive(sheet)
	}
}

type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return max(n, copy(p, e)), nil
}

// Whatever is sent, each row is either whole and within bounds or named by its
// line, lines only go up, and reading comes to an end.
func FuzzTimesheet(f *testing.F) {
	f.Add([]byte(Header + "\nemp-1,160,7.5\nemp-2,x,0\n"))
	f.Add([]byte("\ufeff" + Header + "\r\n\"emp-1\",\"1\",\"2\"\r\n,,\n\n-,-,-"))
	f.Add([]byte(Header + "\n" + strings.Repeat("a", 3000) + "\n\xff,1,1\n\x00,1,1"))
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, rejected, err := readAll(bytes.NewReader(file))
		if err != nil && !fault.Is(err, "invalid") {
			t.Fatal(err)
		}
		lines := bytes.Count(file, []byte("\n")) + 1
		seen := map[int]bool{}
		for _, r := range rows {
			if r.Employee == "" || r.Hours < 0 || r.Hours > MaxHours || r.Overtime < 0 || r.Overtime > MaxHours {
				t.Errorf("row %+v", r)
			}
			if r.Line < 2 || r.Line > lines || seen[r.Line] {
				t.Errorf("line %d of %d", r.Line, lines)
			}
			seen[r.Line] = true
		}
		for _, r := range rejected {
			if r.Code != BadRow && r.Code != BadHours || r.Line < 2 || r.Line > lines || seen[r.Line] {
				t.Errorf("rejection %+v", r)
			}
			seen[r.Line] = true
		}
	})
}

func readAll(r io.Reader) (rows []Row, rejected []Rejection, err error) {
	sheet, err := ReadTimesheet(r)
	if err != nil {
		return nil, nil, err
	}
	for {
		row, no, err := sheet.Next()
		switch {
		case err == io.EOF:
			return rows, rejected, nil
		case err != nil:
			return rows, rejected, err
		case no != nil:
			rejected = append(rejected, *no)
		default:
			rows = append(rows, row)
		}
	}
}
