package main

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/grpc"

	"triptych/api"
	accountsv1 "triptych/proto/accounts/v1"
	cartsv1 "triptych/proto/carts/v1"
	cataloguev1 "triptych/proto/catalogue/v1"
	ordersv1 "triptych/proto/orders/v1"
	payrollv1 "triptych/proto/payroll/v1"
	picturesv1 "triptych/proto/pictures/v1"
	reportsv1 "triptych/proto/reports/v1"
	stockv1 "triptych/proto/stock/v1"
)

// behind lists the services that the gateway speaks for.
var behind = []string{"accounts", "catalogue", "stock", "orders", "pictures", "payroll", "reports"}

// newShop returns the contract's operations over connections to the services,
// by their names.
func newShop(to map[string]*grpc.ClientConn) api.Shop {
	conn := func(name string) grpc.ClientConnInterface { return bounded{to[name]} }
	pictures := &gallery{service: picturesv1.NewPicturesClient(conn("pictures"))}
	return api.Shop{
		Accounts: accounts{accountsv1.NewAccountsClient(conn("accounts"))},
		Catalogue: catalogue{
			products: cataloguev1.NewCatalogueClient(conn("catalogue")),
			stock:    stockv1.NewStockClient(conn("stock")),
			gallery:  pictures,
		},
		Carts:    carts{cartsv1.NewCartsClient(conn("orders"))},
		Orders:   orders{ordersv1.NewOrdersClient(conn("orders"))},
		Pictures: pictures,
		Payroll:  wages{payrollv1.NewPayrollClient(conn("payroll"))},
		Reports:  reports{reportsv1.NewReportsClient(conn("reports"))},
	}
}

// patience is how long a call may take that takes longer than it usually does.
// Most are done in milliseconds: a service that has not answered one by then
// hangs, and the client hears so while its request has time left.
const patience = 3 * time.Second

// patienceWith names the calls for which it is another.
var patienceWith = map[string]time.Duration{
	ordersv1.Orders_PlaceOrder_FullMethodName:        11 * time.Second, // it may wait for another under the same key
	accountsv1.Accounts_SignIn_FullMethodName:        11 * time.Second, // passwords are hashed a few at a time
	accountsv1.Accounts_CreateAccount_FullMethodName: 11 * time.Second,
	reportsv1.Reports_Sales_FullMethodName:           10 * time.Second, // it adds up as much as a year
	picturesv1.Pictures_GetShown_FullMethodName:      2 * time.Second,  // products are shown without
}

// A bounded connection gives each call its time. Streams have that of their
// request: an upload takes what the client takes, a watch what it wishes to wait.
type bounded struct{ grpc.ClientConnInterface }

// Invoke implements grpc.ClientConnInterface.
func (b bounded) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(patienceWith[method], patience))
	defer cancel()
	return b.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}
