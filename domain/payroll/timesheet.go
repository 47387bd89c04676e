package payroll

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"triptych/domain/fault"
)

// The codes that a row of a timesheet is rejected with by itself. Whether an
// employee is known, and whether one has a second row, are questions to the
// whole set: who keeps the set answers them, with codes of its own.
const (
	BadRow   = "bad_row"
	BadHours = "bad_hours"
)

// Header is the first line of a timesheet.
const Header = "employee,hours,overtime_hours"

// MaxHours is the most that either figure of a row may be in one month.
const MaxHours Hundredths = 320_00

// MaxRows is the most rows that a timesheet may have, rejected ones included.
const MaxRows = 100_000

// A Row is what a timesheet says of one employee.
type Row struct {
	Line     int // in the file; the header is line 1
	Employee string
	Hours    Hundredths
	Overtime Hundredths
}

// A Rejection names a row that is not paid, and why.
type Rejection struct {
	Line     int
	Employee string
	Code     string
	Detail   string
}

// The longest line and name that are read; the rest of a longer line is
// skipped, so that memory stays flat whatever is sent.
const (
	maxLine     = 1024
	maxEmployee = 64
)

// A Timesheet reads a file of hours row by row.
type Timesheet struct {
	r    *bufio.Reader
	line int
	rows int
}

// ReadTimesheet reads the header. An empty file or another header is the fault
// "invalid".
func ReadTimesheet(r io.Reader) (*Timesheet, error) {
	t := &Timesheet{r: bufio.NewReaderSize(r, maxLine)}
	header, _, err := t.next()
	if err != nil && err != io.EOF {
		return nil, err
	}
	header, _ = strings.CutPrefix(header, "\ufeff") // spreadsheets like to begin with it
	if header == "" {
		return nil, fault.NewInvalid("", "the timesheet is empty")
	}
	if header != Header {
		return nil, fault.NewInvalid("", "the timesheet must begin with the line %s", Header)
	}
	return t, nil
}

// Next returns the next row, or why it is rejected, or the error io.EOF when
// there is none left. Empty lines are no rows; more rows than MaxRows are the
// fault "invalid".
func (t *Timesheet) Next() (Row, *Rejection, error) {
	for {
		text, whole, err := t.next()
		if err != nil {
			return Row{}, nil, err
		}
		if text == "" {
			continue
		}
		if t.rows++; t.rows > MaxRows {
			return Row{}, nil, fault.NewInvalid("", "a timesheet has at most %d rows", MaxRows)
		}
		row, rejected := parseRow(text, whole)
		row.Line = t.line
		if rejected != nil {
			rejected.Line = t.line
		}
		return row, rejected, nil
	}
}

// next returns the next line without its end, and whether that is all of it.
func (t *Timesheet) next() (string, bool, error) {
	line, err := t.r.ReadSlice('\n')
	if len(line) == 0 && err != nil {
		return "", false, err
	}
	t.line++
	text := string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")))
	whole := !errors.Is(err, bufio.ErrBufferFull)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = t.r.ReadSlice('\n')
	}
	if err != nil && err != io.EOF {
		return "", false, err
	}
	return text, whole, nil
}

func parseRow(text string, whole bool) (Row, *Rejection) {
	fields := strings.Split(text, ",")
	row := Row{Employee: unquote(fields[0])}
	if !readable(row.Employee) {
		return row, &Rejection{Code: BadRow, Detail: "the employee is missing or not readable"}
	}
	if !whole || len(fields) != 3 {
		return row, &Rejection{Employee: row.Employee, Code: BadRow, Detail: "a row has three fields: " + Header}
	}
	var err error
	if row.Hours, err = parseHours("hours", fields[1]); err == nil {
		row.Overtime, err = parseHours("overtime_hours", fields[2])
	}
	if err != nil {
		return row, &Rejection{Employee: row.Employee, Code: BadHours, Detail: err.Error()}
	}
	return row, nil
}

// readable reports whether s can be kept and shown. That no employee has such
// an id is found out later.
func readable(s string) bool {
	return s != "" && len(s) <= maxEmployee && utf8.ValidString(s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func parseHours(field, s string) (Hundredths, error) {
	s = unquote(s)
	if len(s) > maxEmployee || !utf8.ValidString(s) {
		return 0, fmt.Errorf("%s is not a number", field)
	}
	h, err := ParseHundredths(strings.TrimPrefix(s, "-"))
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s: %w", field, err)
	case s[0] == '-':
		return 0, fmt.Errorf("%s is negative: %s", field, s)
	case h > MaxHours:
		return 0, fmt.Errorf("%s is over %s: %s", field, MaxHours, s)
	}
	return h, nil
}

// unquote takes off the quotes that a spreadsheet may put around a field.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
