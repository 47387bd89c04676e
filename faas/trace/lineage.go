package trace

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// MaxHops is how often one function runs in one lineage. "If your function is
// invoked approximately 16 times in the same chain of requests, then Lambda
// automatically stops the next function invocation in that request chain" (AWS
// Lambda Developer Guide, "Use Lambda recursive loop detection").
const MaxHops = 16

const (
	lineageVersion = "1"
	maxSteps       = 64 // so that the header stays short
	maxAgain       = 1 << 30
)

// A Lineage says which functions a call came by. In the header it is a version,
// which is 1, and after it the steps with bars between.
type Lineage []Step

// A Step is one function of a lineage.
type Step struct {
	Function string // eight hexadecimal digits made of its name
	Again    int    // how often it ran after its first time
}

// Hop adds a run of a function to the lineage. It reports false when the
// function has run MaxHops times in it already and should be stopped; whether
// it is depends on the function's recursion configuration, so the run is
// counted all the same.
//
// A lineage of more than 64 functions keeps its first ones: a loop comes back
// to them.
func (h Header) Hop(function string) (Header, bool) {
	id := lineageID(function)
	h.Lineage = slices.Clone(h.Lineage)
	for i, step := range h.Lineage {
		if step.Function == id {
			h.Lineage[i].Again = min(step.Again+1, maxAgain)
			return h, step.Again+1 < MaxHops
		}
	}
	if len(h.Lineage) < maxSteps {
		h.Lineage = append(h.Lineage, Step{Function: id})
	}
	return h, true
}

func lineageID(function string) string {
	sum := sha256.Sum256([]byte(function))
	return hex.EncodeToString(sum[:4])
}

// String writes the lineage as it stands in the header.
func (l Lineage) String() string {
	var b strings.Builder
	b.WriteString(lineageVersion)
	for i, step := range l {
		b.WriteByte(":|"[min(i, 1)])
		b.WriteString(step.Function)
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(step.Again))
	}
	return b.String()
}

// parseLineage reads a lineage with or without its version; steps that are not
// right are left out.
func parseLineage(s string) Lineage {
	if strings.HasPrefix(s, lineageVersion+":") {
		s = s[len(lineageVersion)+1:]
	}
	var l Lineage
	for field := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '|' || r == ',' }) {
		id, count, _ := strings.Cut(field, ":")
		again, err := strconv.Atoi(count)
		if _, bad := hex.DecodeString(id); bad != nil || len(id) != 8 || err != nil || again < 0 || len(l) == maxSteps {
			continue
		}
		l = append(l, Step{Function: strings.ToLower(id), Again: min(again, maxAgain)})
	}
	return l
}
