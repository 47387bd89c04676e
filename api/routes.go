package api

import "net/http"

// A Policy says who may call a route. The zero Policy is none, so that a route
// whose author forgot it fails a test instead of being open.
type Policy int

const (
	Anyone   Policy = iota + 1 // no token needed
	SignedIn                   // any account
	Managers                   // accounts of the role manager
)

// A Class says which requests are shed together when there are too many.
type Class int

const (
	Browsing  Class = iota // shed first
	Checkout               // shed last
	Uploading              // few at once, as each may hold 8 MiB
	SigningIn              // each costs as much as dozens of others
	Waiting                // browsing with Prefer: wait, which costs little and lasts long
)

// A Route is one operation of the contract.
type Route struct {
	Operation string // operationId in openapi.yaml
	Method    string
	Path      string
	Who       Policy
	Class     Class
	serve     func(*server, http.ResponseWriter, *http.Request, Caller) error
}

// Routes is the whole contract.
var Routes = []Route{
	{"info", "GET", "/v1/info", Anyone, Browsing, (*server).info},

	{"createAccount", "POST", "/v1/accounts", Anyone, SigningIn, (*server).createAccount},
	{"createSession", "POST", "/v1/sessions", Anyone, SigningIn, (*server).createSession},
	{"getMe", "GET", "/v1/accounts/me", SignedIn, Browsing, (*server).getMe},

	{"listProducts", "GET", "/v1/products", Anyone, Browsing, (*server).listProducts},
	{"getProduct", "GET", "/v1/products/{sku}", Anyone, Browsing, (*server).getProduct},
	{"putProduct", "PUT", "/v1/products/{sku}", Managers, Browsing, (*server).putProduct},
	{"moveStock", "POST", "/v1/products/{sku}/stock", Managers, Browsing, (*server).moveStock},

	{"putPicture", "PUT", "/v1/products/{sku}/picture", Managers, Uploading, (*server).putPicture},
	{"getPicture", "GET", "/v1/pictures/{id}/{size}", Anyone, Browsing, (*server).getPicture},

	{"getCart", "GET", "/v1/cart", SignedIn, Checkout, (*server).getCart},
	{"putCartLine", "PUT", "/v1/cart/lines/{sku}", SignedIn, Checkout, (*server).putCartLine},
	{"clearCart", "DELETE", "/v1/cart", SignedIn, Checkout, (*server).clearCart},

	{"placeOrder", "POST", "/v1/orders", SignedIn, Checkout, (*server).placeOrder},
	{"getOrder", "GET", "/v1/orders/{id}", SignedIn, Checkout, (*server).getOrder},
	{"listOrders", "GET", "/v1/orders", SignedIn, Browsing, (*server).listOrders},
	{"cancelOrder", "POST", "/v1/orders/{id}/cancel", SignedIn, Checkout, (*server).cancelOrder},
	{"shipOrder", "POST", "/v1/orders/{id}/ship", Managers, Checkout, (*server).shipOrder},

	{"putEmployee", "PUT", "/v1/employees/{id}", Managers, Browsing, (*server).putEmployee},
	{"listEmployees", "GET", "/v1/employees", Managers, Browsing, (*server).listEmployees},
	{"startPayrollRun", "POST", "/v1/payroll/runs", Managers, Uploading, (*server).startPayrollRun},
	{"getPayrollRun", "GET", "/v1/payroll/runs/{id}", Managers, Browsing, (*server).getPayrollRun},
	{"listPayslips", "GET", "/v1/payroll/runs/{id}/payslips", Managers, Browsing, (*server).listPayslips},

	{"salesReport", "GET", "/v1/reports/sales", Managers, Browsing, (*server).salesReport},
}
