package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"triptych/api"
	"triptych/domain/account"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/token"
	accountsv1 "triptych/proto/accounts/v1"
	cartsv1 "triptych/proto/carts/v1"
	cataloguev1 "triptych/proto/catalogue/v1"
	ordersv1 "triptych/proto/orders/v1"
	payrollv1 "triptych/proto/payroll/v1"
	picturesv1 "triptych/proto/pictures/v1"
	reportsv1 "triptych/proto/reports/v1"
	stockv1 "triptych/proto/stock/v1"
)

// The services behind the gateway, as far as tests need them. What a test does
// not set is not implemented.
type (
	fakeCatalogue struct {
		cataloguev1.UnimplementedCatalogueServer
		list func(*cataloguev1.ListProductsRequest) (*cataloguev1.Products, error)
		get  func(*cataloguev1.GetProductsRequest) (*cataloguev1.Products, error)
		put  func(*cataloguev1.Product) (*cataloguev1.PutProductResponse, error)
	}
	fakeStock struct {
		stockv1.UnimplementedStockServer
		levels func(*stockv1.GetLevelsRequest) (*stockv1.GetLevelsResponse, error)
	}
	fakePictures struct {
		picturesv1.UnimplementedPicturesServer
		upload func(grpc.ClientStreamingServer[picturesv1.UploadRequest, picturesv1.Picture]) error
		shown  func(*picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error)
		watch  func(*picturesv1.WatchRequest, grpc.ServerStreamingServer[picturesv1.Picture]) error
		jpeg   func(*picturesv1.GetJPEGRequest) (*picturesv1.JPEG, error)
	}
	fakeOrders struct {
		ordersv1.UnimplementedOrdersServer
		place  func(*ordersv1.PlaceOrderRequest) (*ordersv1.PlaceOrderResponse, error)
		get    func(*ordersv1.OrderRequest) (*ordersv1.Order, error)
		watch  func(*ordersv1.OrderRequest, grpc.ServerStreamingServer[ordersv1.Order]) error
		list   func(*ordersv1.ListOrdersRequest) (*ordersv1.OrderList, error)
		cancel func(*ordersv1.OrderRequest) (*ordersv1.Order, error)
	}
	fakePayroll struct {
		payrollv1.UnimplementedPayrollServer
		start func(grpc.ClientStreamingServer[payrollv1.StartRunRequest, payrollv1.StartRunResponse]) error
		get   func(*payrollv1.RunRequest) (*payrollv1.Run, error)
		watch func(*payrollv1.RunRequest, grpc.ServerStreamingServer[payrollv1.Run]) error
	}
	fakeAccounts struct {
		accountsv1.UnimplementedAccountsServer
	}
	fakeCarts struct {
		cartsv1.UnimplementedCartsServer
	}
	fakeReports struct {
		reportsv1.UnimplementedReportsServer
		sales func(*reportsv1.SalesRequest) (*reportsv1.SalesReport, error)
	}
)

func (f *fakeCatalogue) ListProducts(_ context.Context, r *cataloguev1.ListProductsRequest) (*cataloguev1.Products, error) {
	return f.list(r)
}

func (f *fakeCatalogue) GetProducts(_ context.Context, r *cataloguev1.GetProductsRequest) (*cataloguev1.Products, error) {
	return f.get(r)
}

func (f *fakeCatalogue) PutProduct(_ context.Context, r *cataloguev1.Product) (*cataloguev1.PutProductResponse, error) {
	return f.put(r)
}

func (f *fakeStock) GetLevels(_ context.Context, r *stockv1.GetLevelsRequest) (*stockv1.GetLevelsResponse, error) {
	return f.levels(r)
}

func (f *fakePictures) Upload(s grpc.ClientStreamingServer[picturesv1.UploadRequest, picturesv1.Picture]) error {
	return f.upload(s)
}

func (f *fakePictures) GetShown(_ context.Context, r *picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error) {
	return f.shown(r)
}

func (f *fakePictures) Watch(r *picturesv1.WatchRequest, s grpc.ServerStreamingServer[picturesv1.Picture]) error {
	return f.watch(r, s)
}

func (f *fakePictures) GetJPEG(_ context.Context, r *picturesv1.GetJPEGRequest) (*picturesv1.JPEG, error) {
	return f.jpeg(r)
}

func (f *fakeOrders) PlaceOrder(_ context.Context, r *ordersv1.PlaceOrderRequest) (*ordersv1.PlaceOrderResponse, error) {
	return f.place(r)
}

func (f *fakeOrders) GetOrder(_ context.Context, r *ordersv1.OrderRequest) (*ordersv1.Order, error) {
	return f.get(r)
}

func (f *fakeOrders) WatchOrder(r *ordersv1.OrderRequest, s grpc.ServerStreamingServer[ordersv1.Order]) error {
	return f.watch(r, s)
}

func (f *fakeOrders) ListOrders(_ context.Context, r *ordersv1.ListOrdersRequest) (*ordersv1.OrderList, error) {
	return f.list(r)
}

func (f *fakeOrders) CancelOrder(_ context.Context, r *ordersv1.OrderRequest) (*ordersv1.Order, error) {
	return f.cancel(r)
}

func (f *fakePayroll) StartRun(s grpc.ClientStreamingServer[payrollv1.StartRunRequest, payrollv1.StartRunResponse]) error {
	return f.start(s)
}

func (f *fakePayroll) GetRun(_ context.Context, r *payrollv1.RunRequest) (*payrollv1.Run, error) {
	return f.get(r)
}

func (f *fakePayroll) WatchRun(r *payrollv1.RunRequest, s grpc.ServerStreamingServer[payrollv1.Run]) error {
	return f.watch(r, s)
}

func (f *fakeReports) Sales(_ context.Context, r *reportsv1.SalesRequest) (*reportsv1.SalesReport, error) {
	return f.sales(r)
}

// A front is the contract, as the gateway speaks it, in front of fakes.
type front struct {
	*httptest.Server
	catalogue fakeCatalogue
	stock     fakeStock
	pictures  fakePictures
	orders    fakeOrders
	payroll   fakePayroll
	reports   fakeReports

	shop              api.Shop
	ada, boss         api.Caller
	customer, manager string // their tokens
}

func open(t *testing.T) *front {
	t.Helper()
	f := &front{}
	to := map[string]*grpc.ClientConn{}
	for name, register := range f.services() {
		to[name] = rpctest.Serve(t, name, "gateway", register)
	}
	return f.serve(t, to)
}

func (f *front) services() map[string]func(grpc.ServiceRegistrar) {
	return map[string]func(grpc.ServiceRegistrar){
		"accounts":  func(r grpc.ServiceRegistrar) { accountsv1.RegisterAccountsServer(r, fakeAccounts{}) },
		"catalogue": func(r grpc.ServiceRegistrar) { cataloguev1.RegisterCatalogueServer(r, &f.catalogue) },
		"stock":     func(r grpc.ServiceRegistrar) { stockv1.RegisterStockServer(r, &f.stock) },
		"pictures":  func(r grpc.ServiceRegistrar) { picturesv1.RegisterPicturesServer(r, &f.pictures) },
		"payroll":   func(r grpc.ServiceRegistrar) { payrollv1.RegisterPayrollServer(r, &f.payroll) },
		"reports":   func(r grpc.ServiceRegistrar) { reportsv1.RegisterReportsServer(r, &f.reports) },
		"orders": func(r grpc.ServiceRegistrar) {
			ordersv1.RegisterOrdersServer(r, &f.orders)
			cartsv1.RegisterCartsServer(r, fakeCarts{})
		},
	}
}

// serve serves the contract over connections to services.
func (f *front) serve(t *testing.T, to map[string]*grpc.ClientConn) *front {
	t.Helper()
	signer, err := token.NewSigner(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	issue := func(role account.Role) (api.Caller, string) {
		by := api.Caller{Account: uuid.New(), Role: role}
		token, _, err := signer.Issue(by.Account, string(role), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return by, token
	}
	f.ada, f.customer = issue(account.Customer)
	f.boss, f.manager = issue(account.Manager)
	f.shop = newShop(to)
	f.Server = httptest.NewServer(api.Handler(f.shop, api.Options{
		Architecture: "microservices", Version: "1.2.3", Tokens: signer.Verifier(), Health: health(to),
	}))
	t.Cleanup(f.Server.Close)
	return f
}

// An answer is what came back, read to its end.
type answer struct {
	*http.Response
	body string
}

func (a answer) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

func (a answer) refused(t *testing.T, status int, code string) {
	t.Helper()
	var p struct{ Code string }
	a.decode(t, &p)
	if a.StatusCode != status || p.Code != code {
		t.Errorf("%s %s: got %d %s, want %d %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.body, status, code)
	}
	if retry := a.Header.Get("Retry-After"); status == http.StatusServiceUnavailable && retry == "" {
		t.Errorf("%s %s: no Retry-After", a.Request.Method, a.Request.URL.Path)
	}
}

func (f *front) ask(t *testing.T, token, method, path string, body io.Reader, headers ...string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := f.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp, string(text)}
}

func (f *front) get(t *testing.T, token, path string, headers ...string) answer {
	t.Helper()
	return f.ask(t, token, http.MethodGet, path, nil, headers...)
}

const draft = `{"lines":[{"sku":"TEA","quantity":1}],"ship_to":{"name":"Ada","line1":"12 St James's Square",` +
	`"city":"London","postcode":"SW1Y 4JH","country":"GB"},"payment":{"token":"tok_visa"}}`

func (f *front) place(t *testing.T, headers ...string) answer {
	t.Helper()
	return f.ask(t, f.customer, http.MethodPost, "/v1/orders", strings.NewReader(draft), append(headers, "Idempotency-Key", "k1")...)
}

// A counter counts calls.
type counter struct{ atomic.Int64 }

func (c *counter) want(t *testing.T, what string, n int64) {
	t.Helper()
	if got := c.Load(); got != n {
		t.Errorf("%s was called %d times, want %d", what, got, n)
	}
}
