package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"triptych/internal/authority"
	"triptych/internal/porttest"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/serve"
	ordersv1 "triptych/proto/orders/v1"
	picturesv1 "triptych/proto/pictures/v1"
	stockv1 "triptych/proto/stock/v1"
)

// requests is one of every operation that a service has part in.
func requests() []struct{ method, path, body string } {
	id := uuid.NewString()
	return []struct{ method, path, body string }{
		{"POST", "/v1/accounts", `{"email":"ada@example.com","password":"correct horse battery","name":"Ada"}`},
		{"POST", "/v1/sessions", `{"email":"ada@example.com","password":"x"}`},
		{"GET", "/v1/accounts/me", ""},
		{"GET", "/v1/products", ""},
		{"GET", "/v1/products/TEA", ""},
		{"PUT", "/v1/products/TEA", `{"name":"Tea","description":"","category":"Drinks","price":250}`},
		{"POST", "/v1/products/TEA/stock", `{"delta":1,"reason":"delivery"}`},
		{"PUT", "/v1/products/TEA/picture", "x"},
		{"GET", "/v1/pictures/" + id + "/thumb", ""},
		{"GET", "/v1/cart", ""},
		{"PUT", "/v1/cart/lines/TEA", `{"quantity":1}`},
		{"DELETE", "/v1/cart", ""},
		{"POST", "/v1/orders", draft},
		{"GET", "/v1/orders/" + id, ""},
		{"GET", "/v1/orders", ""},
		{"POST", "/v1/orders/" + id + "/cancel", ""},
		{"POST", "/v1/orders/" + id + "/ship", ""},
		{"PUT", "/v1/employees/ann", `{"name":"Ann","tax_code":"1257L","ni_category":"A","pay":{"salary":1000000},"pension_percent":5}`},
		{"GET", "/v1/employees", ""},
		{"POST", "/v1/payroll/runs?period=2026-11", "employee,hours,overtime_hours\n"},
		{"GET", "/v1/payroll/runs/" + id, ""},
		{"GET", "/v1/payroll/runs/" + id + "/payslips", ""},
		{"GET", "/v1/reports/sales?from=2026-11-01&to=2026-11-30", ""},
	}
}

// everywhere asks for everything, once as it is and once with Prefer: wait.
func (f *front) everywhere(t *testing.T, status int, code string) {
	t.Helper()
	for _, wait := range []string{"", "wait=1"} {
		for _, r := range requests() {
			headers := []string{"Idempotency-Key", "k1", "Prefer", wait}
			switch {
			case strings.HasSuffix(r.path, "/picture"):
				headers = append(headers, "Content-Type", "image/png")
			case strings.Contains(r.path, "period="):
				headers = append(headers, "Content-Type", "text/csv")
			}
			a := f.ask(t, f.manager, r.method, r.path, strings.NewReader(r.body), headers...)
			a.refused(t, status, code)
			for _, secret := range []string{"secret", "127.0.0.1", "rpc", "desc", ".v1.", "gateway"} {
				if strings.Contains(a.body, secret) {
					t.Errorf("%s %s: the answer tells %q: %s", r.method, r.path, secret, a.body)
				}
			}
		}
	}
}

// A failing registrar registers services whose every method fails with an error
// of the inside.
type failing struct{ grpc.ServiceRegistrar }

func (f failing) RegisterService(desc *grpc.ServiceDesc, impl any) {
	fail := func(context.Context, any) (any, error) { return nil, errors.New("pq: secret") }
	broken := *desc
	broken.Methods = nil
	for _, m := range desc.Methods {
		info := &grpc.UnaryServerInfo{Server: impl, FullMethod: "/" + desc.ServiceName + "/" + m.MethodName}
		broken.Methods = append(broken.Methods, grpc.MethodDesc{MethodName: m.MethodName,
			Handler: func(_ any, ctx context.Context, _ func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
				return intercept(ctx, nil, info, fail)
			}})
	}
	broken.Streams = slices.Clone(desc.Streams)
	for i := range broken.Streams {
		broken.Streams[i].Handler = func(_ any, s grpc.ServerStream) error {
			_, err := fail(s.Context(), nil)
			return err
		}
	}
	f.ServiceRegistrar.RegisterService(&broken, impl)
}

// Nothing of an error that is not the client's comes out, wherever it happens.
func TestErrorsStayInside(t *testing.T) {
	f := &front{}
	to := map[string]*grpc.ClientConn{}
	for name, register := range f.services() {
		to[name] = rpctest.Serve(t, name, "gateway", func(r grpc.ServiceRegistrar) { register(failing{r}) })
	}
	f.serve(t, to).everywhere(t, http.StatusInternalServerError, "internal")
}

// nobody returns connections to services that are not there.
func nobody(t *testing.T) map[string]*grpc.ClientConn {
	t.Helper()
	addr := porttest.Addr(t)
	a, err := authority.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	id := rpctest.Identity(t, a, "gateway")
	to := map[string]*grpc.ClientConn{}
	for _, name := range behind {
		if to[name], err = rpc.Dial(id, name, addr); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { to[name].Close() })
	}
	return to
}

// Requests that need a service which is not there are answered so, and at once.
func TestServicesThatAreDown(t *testing.T) {
	f := (&front{}).serve(t, nobody(t))
	began := time.Now()
	f.everywhere(t, http.StatusServiceUnavailable, "unavailable")
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("%v for %d requests", took, 2*len(requests()))
	}
}

func TestReadyWithoutWhatIsNotNeeded(t *testing.T) {
	f := &front{}
	to := nobody(t)
	needed := []string{"accounts", "catalogue", "stock", "orders"} // to browse and to buy
	for _, name := range needed {
		to[name] = rpctest.Serve(t, name, "gateway", f.services()[name])
	}
	f.serve(t, to)
	if a := f.get(t, "", "/readyz"); a.StatusCode != http.StatusOK {
		t.Errorf("with all that is needed: got %d %s", a.StatusCode, a.body)
	}
	for _, name := range needed {
		conn := to[name]
		to[name] = nobody(t)[name]
		f.get(t, "", "/readyz").refused(t, http.StatusServiceUnavailable, "unavailable")
		to[name] = conn
	}
	if a := f.get(t, "", "/readyz"); a.StatusCode != http.StatusOK {
		t.Errorf("with all of it back: got %d %s", a.StatusCode, a.body)
	}
}

// recording notes how long each call was given.
type recording struct {
	grpc.ClientConnInterface
	given map[string]time.Duration
}

func (r recording) Invoke(ctx context.Context, method string, _, _ any, _ ...grpc.CallOption) error {
	deadline, _ := ctx.Deadline()
	r.given[method] = time.Until(deadline)
	return nil
}

func TestEachCallHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := recording{given: map[string]time.Duration{}}
		for method, want := range map[string]time.Duration{
			stockv1.Stock_GetLevels_FullMethodName:      3 * time.Second,
			ordersv1.Orders_PlaceOrder_FullMethodName:   11 * time.Second,
			picturesv1.Pictures_GetShown_FullMethodName: 2 * time.Second,
		} {
			if err := (bounded{r}).Invoke(t.Context(), method, nil, nil); err != nil || r.given[method] != want {
				t.Errorf("%s is given %v, %v; want %v", method, r.given[method], err, want)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := (bounded{r}).Invoke(ctx, "/a/b", nil, nil); err != nil || r.given["/a/b"] != time.Second {
			t.Errorf("a call of a request that has a second left is given %v, %v", r.given["/a/b"], err)
		}
	})
}

// A table of methods must name methods that there are.
func TestPatienceIsWithMethodsThatThereAre(t *testing.T) {
	for method := range patienceWith {
		service, name, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
		if _, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service + "." + name)); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// Those who wait are answered with what there is when the gateway is about to end.
func TestWaitingEndsWithTheGateway(t *testing.T) {
	f := open(t)
	o := pending()
	stopping := make(chan struct{})
	f.orders.watch = func(_ *ordersv1.OrderRequest, s grpc.ServerStreamingServer[ordersv1.Order]) error {
		err := s.Send(o)
		close(stopping)
		<-s.Context().Done()
		return err
	}
	f.orders.get = func(*ordersv1.OrderRequest) (*ordersv1.Order, error) { return o, nil } // when it ends before anything came
	id, began := uuid.MustParse(o.Id), time.Now()
	got, err := f.shop.Orders.Order(serve.WithStopping(t.Context(), stopping), f.ada, id, 30*time.Second)
	if took := time.Since(began); err != nil || got.ID != id || got.Status != "pending" || took >= 30*time.Second {
		t.Errorf("got %+v, %v, after %v", got, err, took)
	}
}
