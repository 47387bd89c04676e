package conformance

import (
	"testing"
	"time"
)

// TestTeeth makes mistakes that a shop might make, one at a time, and wants
// the suite to notice each: a suite that lets everything pass proves nothing.
func TestTeeth(t *testing.T) {
	shop := startShop(t)
	cases := map[string]scenario{}
	plain, err := newSuite(t.Context(), Target{URL: shop, Manager: boss})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.close()
	for _, c := range plain.scenarios() {
		cases[c.section+": "+c.name] = c
	}
	for _, m := range mistakes() {
		t.Run(m.name, func(t *testing.T) {
			c, ok := cases[m.noticed]
			if !ok {
				t.Fatalf("there is no case %q", m.noticed)
			}
			url := startProxy(t, shop, plain.manager.Token, m)
			s, err := newSuite(t.Context(), Target{URL: url, Manager: boss, Settle: time.Second})
			if err != nil {
				return // so wrong that the suite does not even begin
			}
			defer s.close()
			if m.after != "" {
				s.run(t.Context(), cases[m.after])
			}
			result := s.run(t.Context(), c)
			if len(result.Problems) == 0 {
				t.Errorf("%q does not notice: %s", m.noticed, m.name)
			}
			t.Logf("%v, %q", result.Took, result.Problems)
		})
	}
}
