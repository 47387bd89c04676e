package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"triptych/lab/bench/measure"
)

// In a script for pgbench, what differs from one checkout to the next is made
// of a few numbers: id, which grows with every checkout and begins where ids of
// version 7 of this moment would, so that indexes grow at their end as they do
// for the program; salt, chance for the rest of it; and two products.
const (
	preface = `\set n :n + %d
\set id :n + :client_id
\set salt random(0, 4611686018427387903)
\set a random(%d, %d)
\set b random(%d, %d)
`
	newID = `encode(int8send(:id)||int8send(:salt),'hex')`
	skuA  = `'` + measure.SKUPrefix + `'||:a::text`
	skuB  = `'` + measure.SKUPrefix + `'||:b::text`
)

// maxClients is how many clients have ids of their own.
const maxClients = 1024

// firstID is where ids begin now: the upper half of an id of version 7.
func firstID(now time.Time) int64 { return now.UnixMilli() << 16 }

// script writes the captured transaction for pgbench -M prepared. Parameters
// that are always the same stay parameters: they become variables, which
// arguments returns.
func (t transaction) script(products int) (script string, arguments []string) {
	var b strings.Builder
	fmt.Fprintf(&b, preface, maxClients, measure.SKUBase, measure.SKUBase+products/2-1, measure.SKUBase+products/2, measure.SKUBase+products-1)
	for i, s := range t.statements {
		sql := parameterName.ReplaceAllStringFunc(s.sql, func(name string) string {
			var n int
			fmt.Sscanf(name, "$%d", &n)
			return t.expression(i, n-1)
		})
		b.WriteString(sql + ";\n")
		for n, v := range s.values {
			if !v.null && v.text != "" && !t.varies(v) {
				arguments = append(arguments, fmt.Sprintf("-Dv%d_%d=%s", i, n, v.text))
			}
		}
	}
	return b.String(), arguments
}

var parameterName = regexp.MustCompile(`\$\d+`)

func (t transaction) expression(i, n int) string {
	s := t.statements[i]
	v := s.values[n]
	switch {
	case v.null:
		return "NULL::" + s.types[n]
	case v.text == "": // pgbench has no empty variables
		return "''::" + s.types[n]
	case !t.varies(v):
		return fmt.Sprintf(":v%d_%d::%s", i, n, s.types[n])
	}
	return "(" + t.fill(v.text) + ")::" + s.types[n]
}

// fill makes an expression of a text with holes. pgbench takes every :name for
// a variable, within quotes too.
func (t transaction) fill(text string) string {
	text = "'" + strings.ReplaceAll(strings.ReplaceAll(text, "'", "''"), ":", "'||chr(58)||'") + "'"
	for from, to := range t.holes() {
		text = strings.ReplaceAll(text, from, "'||"+to+"||'")
	}
	return strings.TrimSuffix(strings.TrimPrefix(text, "''||"), "||''")
}

// holes maps what differs between checkouts to what stands for it.
func (t transaction) holes() map[string]string {
	return map[string]string{t.order: newID, t.key: newID, t.skus[0]: skuA, t.skus[1]: skuB}
}

func (t transaction) varies(v value) bool {
	for hole := range t.holes() {
		if strings.Contains(v.text, hole) {
			return true
		}
	}
	return false
}
