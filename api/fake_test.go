package api

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/domain/account"
	"triptych/domain/catalog"
	"triptych/domain/order"
	"triptych/domain/payroll"
	"triptych/internal/rest"
	"triptych/internal/serve"
	"triptych/internal/token"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// fake is a shop that answers what a test puts into it, and notes what it was
// asked. It does nothing that an architecture does.
type fake struct {
	account  account.Account
	listing  Listing
	lines    []order.Line
	order    order.Order
	picture  PictureState
	employee payroll.Employee
	run      Run
	report   Sales
	new      bool // what was put is new, or the request is not
	next     string
	err      error
	panics   any

	mu          sync.Mutex
	entered     chan string   // told of each call that is held
	hold        chan struct{} // what calls wait for; nil for nothing
	calls       []string
	fingerprint [32]byte      // of the last order
	left        time.Duration // that the last reading of an order was given
}

// call notes a call, and does what is to happen in any.
func (f *fake) call(name string, args ...any) error {
	f.mu.Lock()
	f.calls = append(f.calls, strings.TrimSpace(name+" "+strings.TrimSuffix(fmt.Sprintln(args...), "\n")))
	entered, hold := f.entered, f.hold
	f.mu.Unlock()
	if hold != nil {
		entered <- name
		<-hold
	}
	if f.panics != nil {
		panic(f.panics)
	}
	return f.err
}

// holding has calls wait for hold, when it is not nil, and tell entered before.
func (f *fake) holding(entered chan string, hold chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.entered, f.hold = entered, hold
}

// asked returns the calls since it was last asked.
func (f *fake) asked() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := strings.Join(f.calls, "; ")
	f.calls = nil
	return calls
}

func list[T any](f *fake, item T) rest.List[T] { return rest.List[T]{Items: []T{item}, Next: f.next} }

func (f *fake) CreateAccount(_ context.Context, n account.New) (account.Account, error) {
	return f.account, f.call("CreateAccount", n.Email, n.Name)
}

func (f *fake) SignIn(_ context.Context, email, password string) (string, time.Time, error) {
	return "a.b.c", noon, f.call("SignIn", email, password)
}

func (f *fake) Account(_ context.Context, id uuid.UUID) (account.Account, error) {
	return f.account, f.call("Account", id)
}

func (f *fake) Products(_ context.Context, filter catalog.Filter, p rest.Page) (rest.List[Listing], error) {
	return list(f, f.listing), f.call("Products", filter, p)
}

func (f *fake) Product(_ context.Context, sku string, wait time.Duration) (Listing, error) {
	return f.listing, f.call("Product", sku, wait)
}

func (f *fake) PutProduct(_ context.Context, p catalog.Product) (Listing, bool, error) {
	return Listing{Product: p}, f.new, f.call("PutProduct", p.SKU, p.Price)
}

func (f *fake) MoveStock(_ context.Context, sku string, delta int, reason string) (int, error) {
	return 7, f.call("MoveStock", sku, delta, reason)
}

func (f *fake) Cart(_ context.Context, id uuid.UUID) ([]order.Line, error) {
	return f.lines, f.call("Cart", id)
}

func (f *fake) SetCartLine(_ context.Context, id uuid.UUID, item order.Item) ([]order.Line, error) {
	return f.lines, f.call("SetCartLine", id, item)
}

func (f *fake) ClearCart(_ context.Context, id uuid.UUID) error { return f.call("ClearCart", id) }

func (f *fake) PlaceOrder(_ context.Context, by Caller, once Once, d order.Draft, wait time.Duration) (order.Order, bool, error) {
	f.fingerprint = once.Fingerprint
	return f.order, !f.new, f.call("PlaceOrder", by.Role, once.Key, d.Items, d.FromCart, d.Token, wait)
}

func (f *fake) Order(ctx context.Context, by Caller, id uuid.UUID, wait time.Duration) (order.Order, error) {
	deadline, _ := ctx.Deadline()
	f.left = time.Until(deadline)
	return f.order, f.call("Order", by.Role, id, wait)
}

func (f *fake) Orders(_ context.Context, by Caller, s order.Status, p rest.Page) (rest.List[order.Order], error) {
	return list(f, f.order), f.call("Orders", by.Role, s, p)
}

func (f *fake) CancelOrder(_ context.Context, by Caller, id uuid.UUID) (order.Order, error) {
	return f.order, f.call("CancelOrder", by.Role, id)
}

func (f *fake) ShipOrder(_ context.Context, id uuid.UUID) (order.Order, error) {
	return f.order, f.call("ShipOrder", id)
}

func (f *fake) PutPicture(_ context.Context, sku, media string, data []byte, wait time.Duration) (PictureState, error) {
	return f.picture, f.call("PutPicture", sku, media, len(data), wait)
}

func (f *fake) Picture(_ context.Context, id uuid.UUID, size string) ([]byte, string, error) {
	return []byte("a small JPEG"), "abc", f.call("Picture", id, size)
}

func (f *fake) PutEmployee(_ context.Context, e payroll.Employee) (bool, error) {
	return f.new, f.call("PutEmployee", e.ID)
}

func (f *fake) Employees(_ context.Context, p rest.Page) (rest.List[payroll.Employee], error) {
	return list(f, f.employee), f.call("Employees", p)
}

func (f *fake) StartRun(_ context.Context, by Caller, key string, period payroll.Period, file io.Reader, wait time.Duration) (Run, bool, error) {
	n, err := io.Copy(io.Discard, file)
	if err != nil {
		return Run{}, false, err
	}
	return f.run, !f.new, f.call("StartRun", by.Role, key, period, n, wait)
}

func (f *fake) Run(_ context.Context, id uuid.UUID, wait time.Duration) (Run, error) {
	return f.run, f.call("Run", id, wait)
}

func (f *fake) Payslips(_ context.Context, id uuid.UUID, p rest.Page) (rest.List[payroll.Payslip], error) {
	return list(f, payroll.Payslip{}), f.call("Payslips", id, p)
}

func (f *fake) Sales(_ context.Context, from, to time.Time) (Sales, error) {
	return f.report, f.call("Sales", from.Format(time.DateOnly), to.Format(time.DateOnly))
}

func signer(t testing.TB, seed byte) token.Signer {
	t.Helper()
	s, err := token.NewSigner(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// issue returns a token that an account got a while ago.
func issue(t testing.TB, s token.Signer, a account.Account, ago time.Duration) string {
	t.Helper()
	token, _, err := s.Issue(a.ID, string(a.Role), time.Now().Add(-ago))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

var (
	ada  = account.Account{ID: uuid.MustParse("0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e"), Role: account.Customer}
	boss = account.Account{ID: uuid.MustParse("0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5f"), Role: account.Manager}
)

// A front is the contract served in front of a fake, on a real socket.
type front struct {
	*fake
	*httptest.Server
	customer, manager string // tokens
}

func open(t *testing.T, tweaks ...func(*Options)) *front {
	t.Helper()
	s := signer(t, 1)
	o := Options{Architecture: "monolith", Version: "1.2.3", Tokens: s.Verifier(), Health: &serve.Health{}}
	for _, tweak := range tweaks {
		tweak(&o)
	}
	f := &fake{
		account: account.Account{ID: ada.ID, Email: "ada@example.com", Name: "Ada", Role: account.Customer},
		listing: Listing{Product: catalog.Product{SKU: "TEA", Name: "Tea", Price: 250, UpdatedAt: noon}},
		order: order.Order{ID: ada.ID, Status: order.Confirmed, Lines: []order.Line{{SKU: "TEA", Quantity: 1, Price: 250, Total: 250}},
			PlacedAt: noon, SettledAt: noon, History: []order.Change{{Status: order.Pending, At: noon}}},
		picture: PictureState{ID: ada.ID, Status: "ready"},
		run:     Run{ID: ada.ID, Status: "completed", Period: payroll.Period{Year: 2026, Month: 11}},
		new:     true,
	}
	server := httptest.NewServer(Handler(Shop{f, f, f, f, f, f, f}, o))
	t.Cleanup(server.Close)
	return &front{f, server, issue(t, s, ada, 0), issue(t, s, boss, 0)}
}

// An answer is what came back, read to its end.
type answer struct {
	*http.Response
	body string
}

func (a answer) code(t *testing.T) string {
	t.Helper()
	var p struct{ Code string }
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s: no problem, but %s", a.Request.Method, a.Request.URL.Path, a.body)
	}
	return p.Code
}

// ask sends a request as whoever has the token, with headers as name and value.
func (f *front) ask(t *testing.T, token, method, path, body string, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := f.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res, string(b)}
}
