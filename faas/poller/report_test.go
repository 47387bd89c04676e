package poller

import (
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	s := source{topic: "orders-new", partition: 3}
	records := made("5 7 8 9").records // 6 is not there: topics have gaps
	one := func(partition, offset string) string {
		return `{"batchItemFailures":[{"itemIdentifier":{"topic-partition":` + partition + `,"offset":` + offset + `}}]}`
	}
	for _, c := range []struct {
		name, answer string
		want         int
		problem      string
	}{
		{"nothing", ``, 4, ""},
		{"null", `null`, 4, ""},
		{"an empty report", `{}`, 4, ""},
		{"a null list", `{"batchItemFailures":null}`, 4, ""},
		{"an empty list", `{"batchItemFailures":[]}`, 4, ""},
		{"the first", one(`"orders-new-3"`, `5`), 0, "reported"},
		{"one between", one(`"orders-new-3"`, `8`), 2, "reported"},
		{"several, in any order", `{"batchItemFailures":[{"itemIdentifier":{"topic-partition":"orders-new-3","offset":9}},{"itemIdentifier":{"topic-partition":"orders-new-3","offset":7}}]}`, 1, "reported"},

		{"the other name", `{"batchItemFailures":[{"itemIdentifier":{"partition":"orders-new-3","offset":7}}]}`, 1, "reported"},

		{"text", `"ok"`, 0, "report is not"},
		{"not JSON", `ok`, 0, "report is not"},
		{"a list", `[]`, 0, "report is not"},
		{"a list that is none", `{"batchItemFailures":{}}`, 0, "report is not"},
		{"no identifier", `{"batchItemFailures":[{}]}`, 0, "report is not"},
		{"a null identifier", `{"batchItemFailures":[{"itemIdentifier":null}]}`, 0, "report is not"},
		{"an identifier as SQS has it", `{"batchItemFailures":[{"itemIdentifier":"orders-new-3"}]}`, 0, "report is not"},
		{"another name", `{"batchItemFailures":[{"itemIdentifier":{"where":"orders-new-3","offset":7}}]}`, 0, "report is not"},
		{"both names", `{"batchItemFailures":[{"itemIdentifier":{"topic-partition":"orders-new-3","partition":"orders-new-3","offset":7}}]}`, 0, "report is not"},
		{"no offset", `{"batchItemFailures":[{"itemIdentifier":{"topic-partition":"orders-new-3"}}]}`, 0, "report is not"},
		{"an offset in quotes", one(`"orders-new-3"`, `"7"`), 0, "report is not"},
		{"an offset with a fraction", one(`"orders-new-3"`, `7.5`), 0, "report is not"},
		{"another partition", one(`"orders-new-2"`, `7`), 0, "not given: offset 7"},
		{"an offset that was not given", one(`"orders-new-3"`, `6`), 0, "not given: offset 6"},
		{"one right, one wrong", `{"batchItemFailures":[{"itemIdentifier":{"topic-partition":"orders-new-3","offset":9}},{"itemIdentifier":{"topic-partition":"orders-new-3","offset":99}}]}`, 0, "not given: offset 99"},
	} {
		got, err := s.report(records, []byte(c.answer))
		if got != c.want || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: got %d, %v, want %d, …%s…", c.name, got, err, c.want, c.problem)
		}
	}
}
