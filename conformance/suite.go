package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A suite is one proof of one shop: what it signed in as, and what it has made
// there, which its last scenarios count.
type suite struct {
	target   Target
	contract *contract
	client   *http.Client
	started  time.Time
	tag      string // in every name that this suite gives, so that runs do not meet
	manager  *account
	requests atomic.Int64
	newest   string // the newest order of anybody's when it began
	before   report // what had been sold when it began

	mu       sync.Mutex
	buyers   []*account
	products int
	stockIn  map[string]int  // put in, less taken out, by SKU
	seen     map[string]bool // operations that succeeded, and codes that were answered
	payday   *payday
}

// begin signs in as the manager and looks at what is there already.
func (s *suite) begin(ctx context.Context) error {
	ready := false
	result := s.run(ctx, scenario{name: "begin", run: func(t *try) {
		s.manager = t.signIn(s.target.Manager)
		me := decode[accountJSON](t.get(s.manager, "/v1/accounts/me").want(http.StatusOK))
		s.manager.ID, s.manager.Email = me.ID, me.Email
		s.before = t.report()
		if newest := decode[list[order]](t.get(s.manager, "/v1/orders?limit=1").want(http.StatusOK)); len(newest.Items) > 0 {
			s.newest = newest.Items[0].ID
		}
		ready = true
	}})
	if !ready {
		return fmt.Errorf("begin at %s as %s: %w", s.target.URL, s.target.Manager.Email, errors.New(strings.Join(result.Problems, "; ")))
	}
	return nil
}

func (s *suite) close() { s.client.CloseIdleConnections() }

// remember keeps which operations and which codes have been met.
func (s *suite) remember(method string, a *answer) {
	met := ""
	if a.Status < 300 {
		op, _, _ := s.contract.find(method, a.path)
		met = op.ID
	} else {
		var p problem
		_ = json.Unmarshal(a.Body, &p) // an answer that is none has been noted already
		met = p.Code
	}
	s.mu.Lock()
	s.seen[met] = true
	s.mu.Unlock()
}

// randomTag returns eight hexadecimal digits.
func randomTag() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

const password = "correct horse battery"

// signIn returns an account that may ask.
func (t *try) signIn(c Credentials) *account {
	a := t.post(nil, "/v1/sessions", c.json()).want(http.StatusCreated)
	return &account{Email: c.Email, Password: c.Password, Token: decode[session](a).Token}
}

func (c Credentials) json() map[string]string {
	return map[string]string{"email": c.Email, "password": c.Password}
}

// newCustomer opens an account that nobody else uses.
func (t *try) newCustomer() *account {
	email := t.unique("c") + "@example.com"
	body := map[string]string{"email": email, "password": password, "name": "Case " + t.tag}
	made := decode[accountJSON](t.post(nil, "/v1/accounts", body).want(http.StatusCreated))
	who := t.signIn(Credentials{email, password})
	who.ID = made.ID
	return who
}

// buyer returns the i-th of the customers that cases share, since hashing a
// password is slow on purpose. Their carts are whatever the last case left.
func (t *try) buyer(i int) *account {
	t.mu.Lock()
	have := len(t.suite.buyers)
	t.mu.Unlock()
	if i >= have {
		t.moreBuyers(i + 1 - have)
	}
	return t.suite.buyers[i]
}

func (t *try) moreBuyers(n int) {
	made := make([]*account, n)
	t.together(n, func(i int) { made[i] = t.newCustomer() })
	t.suite.buyers = append(t.suite.buyers, made...)
}

// unique returns a name that has not been given before, here or anywhere.
func (s *suite) unique(prefix string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.products++
	return fmt.Sprintf("%s-%s-%d", prefix, s.tag, s.products)
}

// category is where this suite's products are.
func (s *suite) category() string { return "conformance-" + s.tag }

// newSKU returns a SKU that has no product.
func (s *suite) newSKU() string { return strings.ToUpper(s.unique("cf")) }

// product puts a new product into the catalogue, with stock.
func (t *try) product(price, stock int) string {
	sku := t.newSKU()
	t.priced(sku, price).want(http.StatusCreated)
	if stock > 0 {
		t.stock(sku, stock)
	}
	return sku
}

// priced puts a product at a price.
func (t *try) priced(sku string, price int) *answer {
	return t.put(t.manager, "/v1/products/"+sku, details{"Thing " + sku, "made by the conformance suite", t.category(), price})
}

// stock moves stock and keeps count of it.
func (t *try) stock(sku string, delta int) int {
	a := t.post(t.manager, "/v1/products/"+sku+"/stock", movement{delta, "conformance"}).want(http.StatusOK)
	t.counted(sku, delta)
	return decode[product](a).Stock
}

func (s *suite) counted(sku string, delta int) {
	s.mu.Lock()
	s.stockIn[sku] += delta
	s.mu.Unlock()
}

// onHand asks how many there are.
func (t *try) onHand(sku string) int {
	return decode[product](t.get(nil, "/v1/products/"+sku).want(http.StatusOK)).Stock
}
