package main

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/api"
	"triptych/domain/account"
	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/order"
	"triptych/domain/payroll"
	accountsv1 "triptych/proto/accounts/v1"
	cataloguev1 "triptych/proto/catalogue/v1"
	ordersv1 "triptych/proto/orders/v1"
	payrollv1 "triptych/proto/payroll/v1"
	picturesv1 "triptych/proto/pictures/v1"
	reportsv1 "triptych/proto/reports/v1"
)

// Each field of what a service answers comes out where it belongs.
func TestConversions(t *testing.T) {
	id, owner := uuid.New(), uuid.New()
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	stamp := func(hours int) *timestamppb.Timestamp { return timestamppb.New(at(hours)) }
	for name, c := range map[string]struct {
		got  func() (any, error)
		want any
	}{
		"account": {
			func() (any, error) {
				return fromAccount(&accountsv1.Account{Id: id.String(), Email: "e", Name: "n", Role: "manager"})
			},
			account.Account{ID: id, Email: "e", Name: "n", Role: account.Manager},
		},
		"product": {
			func() (any, error) {
				return fromProduct(&cataloguev1.Product{Sku: "s", Name: "n", Description: "d", Category: "c", Price: 1, UpdatedAt: stamp(0)}), nil
			},
			catalog.Product{SKU: "s", Name: "n", Description: "d", Category: "c", Price: 1, UpdatedAt: noon},
		},
		"picture": {
			func() (any, error) {
				return fromPicture(&picturesv1.Picture{Id: id.String(), Status: "failed", ReasonCode: "c", ReasonDetail: "d"})
			},
			api.PictureState{ID: id, Status: "failed", Reason: &api.PictureFault{Code: "c", Detail: "d"}},
		},
		"order": {
			func() (any, error) {
				return fromOrder(&ordersv1.Order{
					Id: id.String(), AccountId: owner.String(), Status: "rejected",
					Reason:   &ordersv1.Reason{Code: "c", Detail: "d", Sku: "s"},
					Lines:    []*ordersv1.Line{{Sku: "s", Name: "n", Quantity: 1, Price: 2, Total: 3}},
					Subtotal: 4, Discount: 5, Shipping: 6, Total: 7, Vat: 8,
					ShipTo:   &ordersv1.Address{Name: "n", Line1: "1", Line2: "2", City: "c", Postcode: "p", Country: "GB"},
					PlacedAt: stamp(0), SettledAt: stamp(1), History: []*ordersv1.Change{{Status: "pending", At: stamp(2)}},
				})
			},
			order.Order{
				ID: id, Account: owner, Status: order.Rejected, Reason: &order.Reason{Code: "c", Detail: "d", SKU: "s"},
				Lines:    []order.Line{{SKU: "s", Name: "n", Quantity: 1, Price: 2, Total: 3}},
				Totals:   order.Totals{Subtotal: 4, Discount: 5, Shipping: 6, Total: 7, VAT: 8},
				ShipTo:   order.Address{Name: "n", Line1: "1", Line2: "2", City: "c", Postcode: "p", Country: "GB"},
				PlacedAt: noon, SettledAt: at(1), History: []order.Change{{Status: order.Pending, At: at(2)}},
			},
		},
		"an order that is pending": {
			func() (any, error) {
				return fromOrder(&ordersv1.Order{Id: id.String(), AccountId: owner.String(), Status: "pending", PlacedAt: stamp(0)})
			},
			order.Order{ID: id, Account: owner, Status: order.Pending, Lines: []order.Line{}, PlacedAt: noon},
		},
		"draft": {
			func() (any, error) {
				p := toDraft(owner, api.Once{Key: "k", Fingerprint: [32]byte{1}}, order.Draft{
					Items: []order.Item{{SKU: "s", Quantity: 1}}, FromCart: true, Token: "t",
					ShipTo: order.Address{Name: "n", Line1: "1", Line2: "2", City: "c", Postcode: "p", Country: "GB"},
				})
				return []any{p.AccountId, p.Key, p.Fingerprint[0], p.FromCart, p.PaymentToken, p.Items[0].Sku, p.Items[0].Quantity, p.ShipTo.Name,
					p.ShipTo.Line1, p.ShipTo.Line2, p.ShipTo.City, p.ShipTo.Postcode, p.ShipTo.Country}, nil
			},
			[]any{owner.String(), "k", byte(1), true, "t", "s", int32(1), "n", "1", "2", "c", "p", "GB"},
		},
		"employee, there and back": {
			func() (any, error) {
				return fromEmployee(toEmployee(payroll.Employee{ID: "i", Name: "n", TaxCode: "t", NICategory: "A",
					Pay: payroll.Pay{Hourly: 1, Salary: 2}, PensionPercent: 3})), nil
			},
			payroll.Employee{ID: "i", Name: "n", TaxCode: "t", NICategory: "A", Pay: payroll.Pay{Hourly: 1, Salary: 2}, PensionPercent: 3},
		},
		"run": {
			func() (any, error) {
				return fromRun(&payrollv1.Run{
					Id: id.String(), Period: "2026-11", Status: "completed", Rows: 1, Accepted: 2, RejectedCount: 3, Payslips: 4,
					Rejected: []*payrollv1.Rejection{{Line: 5, Employee: "e", Code: "c", Detail: "d"}},
					Totals:   &payrollv1.Totals{Gross: 6, Tax: 7, EmployeeNi: 8, Pension: 9, Net: 10, EmployerNi: 11},
				})
			},
			api.Run{
				ID: id, Period: november, Status: "completed", Rows: 1, Accepted: 2, RejectedCount: 3, Payslips: 4,
				Rejected: []payroll.Rejection{{Line: 5, Employee: "e", Code: "c", Detail: "d"}},
				Totals:   payroll.Totals{Gross: 6, Tax: 7, EmployeeNI: 8, Pension: 9, Net: 10, EmployerNI: 11},
			},
		},
		"payslip": {
			func() (any, error) {
				return fromPayslip(&payrollv1.Payslip{Employee: "e", Period: "2026-11", TaxCode: "t", Hours: 1, Overtime: 2,
					Totals: &payrollv1.Totals{Gross: 3}})
			},
			payroll.Payslip{Employee: "e", Period: november, TaxCode: "t", Hours: 1, Overtime: 2, Totals: payroll.Totals{Gross: 3}},
		},
		"sales": {
			func() (any, error) {
				return fromSales(&reportsv1.SalesReport{
					AsOf: stamp(0), Orders: 1, Cancelled: 2, Revenue: 3, Vat: 4, Discount: 5,
					Days:     []*reportsv1.Day{{Date: "2026-11-24", Orders: 6, Revenue: 7}},
					Products: []*reportsv1.Product{{Sku: "s", Units: 8, Revenue: 9}},
				}), nil
			},
			api.Sales{
				AsOf: noon, Orders: 1, Cancelled: 2, Revenue: 3, VAT: 4, Discount: 5,
				Days:     []api.DaySales{{Date: "2026-11-24", Orders: 6, Revenue: 7}},
				Products: []api.ProductSales{{SKU: "s", Units: 8, Revenue: 9}},
			},
		},
	} {
		got, err := c.got()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What a service should never answer is no fault of the client's.
func TestAnswersThatMakeNoSense(t *testing.T) {
	id := uuid.NewString()
	for name, err := range map[string]error{
		"an account's id": second(fromAccount(&accountsv1.Account{Id: "ada"})),
		"an order's id":   second(fromOrder(&ordersv1.Order{Id: "1", AccountId: id})),
		"an owner's id":   second(fromOrder(&ordersv1.Order{Id: id})),
		"a picture's id":  second(fromPicture(nil)),
		"a run's id":      second(fromRun(nil)),
		"a run's month":   second(fromRun(&payrollv1.Run{Id: id, Period: "soon"})),
		"a slip's month":  second(fromPayslip(nil)),
	} {
		if f := (*fault.Fault)(nil); err == nil || errors.As(err, &f) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
