package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const aLog = `2026-11-24 06:10:00.000 UTC [7] LOG:  execute stmtcache_1: 
	SELECT made FROM requests
	WHERE key = $1
2026-11-24 06:10:00.001 UTC [7] DETAIL:  parameters: $1 = 'k-1'
2026-11-24 06:10:00.002 UTC [7] LOG:  statement: -- ping
2026-11-24 06:10:00.002 UTC [7] LOG:  statement: begin
2026-11-24 06:10:00.002 UTC [1] LOG:  checkpoint starting: time
2026-11-24 06:10:00.003 UTC [7] LOG:  execute stmtcache_2: INSERT INTO t VALUES ($1, $2, $3)
2026-11-24 06:10:00.003 UTC [7] DETAIL:  parameters: $1 = '{A-1,A-2}', $2 = NULL, $3 = 'it''s, $9 = 1'
2026-11-24 06:10:00.004 UTC [7] LOG:  statement: commit
2026-11-24 06:10:00.005 UTC [8] LOG:  statement: `

func TestParseLog(t *testing.T) {
	got, err := parseLog(aLog)
	if err != nil {
		t.Fatal(err)
	}
	want := []statement{
		{sql: "SELECT made FROM requests\n\tWHERE key = $1", values: []value{{text: "k-1"}}},
		{sql: "begin"},
		{sql: "INSERT INTO t VALUES ($1, $2, $3)", values: []value{{text: "{A-1,A-2}"}, {null: true}, {text: "it's, $9 = 1"}}},
		{sql: "commit"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(statement{}, value{})); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}

func TestScript(t *testing.T) {
	script, arguments := transaction{
		order: "0193", key: "k-1", skus: [2]string{"BENCH-10001", "BENCH-10002"},
		statements: []statement{
			{sql: "begin"},
			{
				sql:    "INSERT INTO t SELECT $1, $2, $3, $4, $5, $1",
				values: []value{{text: "0193:charge"}, {null: true}, {text: "{BENCH-10001,BENCH-10002}"}, {text: "always"}, {}},
				types:  []string{"text", "uuid", "text[]", "text", "text"},
			},
		},
	}.script(1000)
	if diff := cmp.Diff([]string{"-Dv1_3=always"}, arguments); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
	_, statements, _ := strings.Cut(script, "\\set b random(10500, 10999)\n")
	want := "begin;\n" +
		"INSERT INTO t SELECT (" + newID + "||''||chr(58)||'charge')::text, NULL::uuid, " +
		"('{'||'BENCH-'||:a::text||','||'BENCH-'||:b::text||'}')::text[], :v1_3::text, ''::text, " +
		"(" + newID + "||''||chr(58)||'charge')::text;\n"
	if diff := cmp.Diff(want, statements); diff != "" {
		t.Errorf("statements (-want +got):\n%s", diff)
	}
}
