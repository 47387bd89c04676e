package main

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/api"
	"triptych/domain/account"
	"triptych/domain/catalog"
	"triptych/domain/money"
	"triptych/domain/order"
	"triptych/domain/payroll"
	accountsv1 "triptych/proto/accounts/v1"
	cataloguev1 "triptych/proto/catalogue/v1"
	ordersv1 "triptych/proto/orders/v1"
	payrollv1 "triptych/proto/payroll/v1"
	picturesv1 "triptych/proto/pictures/v1"
	reportsv1 "triptych/proto/reports/v1"
	stockv1 "triptych/proto/stock/v1"
)

// each converts all of them.
func each[P, T any](in []P, convert func(P) (T, error)) ([]T, error) {
	out := make([]T, len(in))
	for i, p := range in {
		var err error
		if out[i], err = convert(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parseID reads an id that a service has answered with.
func parseID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil {
		return id, fmt.Errorf("a service answers with the id %q: %w", s, err)
	}
	return id, nil
}

// fromTime leaves what is absent zero.
func fromTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func fromAccount(p *accountsv1.Account) (account.Account, error) {
	id, err := parseID(p.GetId())
	return account.Account{ID: id, Email: p.GetEmail(), Name: p.GetName(), Role: account.Role(p.GetRole())}, err
}

func fromProduct(p *cataloguev1.Product) catalog.Product {
	return catalog.Product{
		SKU: p.GetSku(), Name: p.GetName(), Description: p.GetDescription(), Category: p.GetCategory(),
		Price: money.Amount(p.GetPrice()), UpdatedAt: fromTime(p.GetUpdatedAt()),
	}
}

func toProduct(p catalog.Product) *cataloguev1.Product {
	return &cataloguev1.Product{Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category, Price: int64(p.Price)}
}

func fromLevels(p *stockv1.GetLevelsResponse) map[string]int {
	onHand := make(map[string]int, len(p.GetLevels()))
	for _, l := range p.GetLevels() {
		onHand[l.Sku] = int(l.OnHand)
	}
	return onHand
}

func fromPicture(p *picturesv1.Picture) (api.PictureState, error) {
	id, err := parseID(p.GetId())
	s := api.PictureState{ID: id, Status: p.GetStatus()}
	if p.GetReasonCode() != "" {
		s.Reason = &api.PictureFault{Code: p.GetReasonCode(), Detail: p.GetReasonDetail()}
	}
	return s, err
}

func fromLines(p []*ordersv1.Line) []order.Line {
	lines := make([]order.Line, len(p))
	for i, l := range p {
		lines[i] = order.Line{SKU: l.Sku, Name: l.Name, Quantity: int(l.Quantity), Price: money.Amount(l.Price), Total: money.Amount(l.Total)}
	}
	return lines
}

func toDraft(account uuid.UUID, once api.Once, d order.Draft) *ordersv1.PlaceOrderRequest {
	r := &ordersv1.PlaceOrderRequest{
		AccountId: account.String(), Key: once.Key, Fingerprint: once.Fingerprint[:],
		FromCart: d.FromCart, PaymentToken: d.Token,
		ShipTo: &ordersv1.Address{
			Name: d.ShipTo.Name, Line1: d.ShipTo.Line1, Line2: d.ShipTo.Line2,
			City: d.ShipTo.City, Postcode: d.ShipTo.Postcode, Country: d.ShipTo.Country,
		},
	}
	for _, item := range d.Items {
		r.Items = append(r.Items, &ordersv1.Item{Sku: item.SKU, Quantity: int32(item.Quantity)})
	}
	return r
}

func fromOrder(p *ordersv1.Order) (order.Order, error) {
	id, err := parseID(p.GetId())
	if err != nil {
		return order.Order{}, err
	}
	owner, err := parseID(p.GetAccountId())
	if err != nil {
		return order.Order{}, err
	}
	a := p.GetShipTo()
	o := order.Order{
		ID: id, Account: owner, Status: order.Status(p.GetStatus()), Lines: fromLines(p.GetLines()),
		Totals: order.Totals{
			Subtotal: money.Amount(p.GetSubtotal()), Discount: money.Amount(p.GetDiscount()), Shipping: money.Amount(p.GetShipping()),
			Total: money.Amount(p.GetTotal()), VAT: money.Amount(p.GetVat()),
		},
		ShipTo: order.Address{
			Name: a.GetName(), Line1: a.GetLine1(), Line2: a.GetLine2(),
			City: a.GetCity(), Postcode: a.GetPostcode(), Country: a.GetCountry(),
		},
		PlacedAt: fromTime(p.GetPlacedAt()), SettledAt: fromTime(p.GetSettledAt()),
	}
	if r := p.GetReason(); r != nil {
		o.Reason = &order.Reason{Code: r.GetCode(), Detail: r.GetDetail(), SKU: r.GetSku()}
	}
	for _, c := range p.GetHistory() {
		o.History = append(o.History, order.Change{Status: order.Status(c.GetStatus()), At: fromTime(c.GetAt())})
	}
	return o, nil
}

func toEmployee(e payroll.Employee) *payrollv1.Employee {
	return &payrollv1.Employee{
		Id: e.ID, Name: e.Name, TaxCode: e.TaxCode, NiCategory: e.NICategory,
		Hourly: int64(e.Pay.Hourly), Salary: int64(e.Pay.Salary), PensionPercent: int32(e.PensionPercent),
	}
}

func fromEmployee(p *payrollv1.Employee) payroll.Employee {
	return payroll.Employee{
		ID: p.GetId(), Name: p.GetName(), TaxCode: p.GetTaxCode(), NICategory: p.GetNiCategory(),
		Pay:            payroll.Pay{Hourly: money.Amount(p.GetHourly()), Salary: money.Amount(p.GetSalary())},
		PensionPercent: int(p.GetPensionPercent()),
	}
}

// parsePeriod reads a month that a service has answered with. What is wrong
// with it is no fault of the client's.
func parsePeriod(s string) (payroll.Period, error) {
	p, err := payroll.ParsePeriod(s)
	if err != nil {
		return p, fmt.Errorf("a service answers with the period %q", s)
	}
	return p, nil
}

func fromTotals(p *payrollv1.Totals) payroll.Totals {
	return payroll.Totals{
		Gross: money.Amount(p.GetGross()), Tax: money.Amount(p.GetTax()), EmployeeNI: money.Amount(p.GetEmployeeNi()),
		Pension: money.Amount(p.GetPension()), Net: money.Amount(p.GetNet()), EmployerNI: money.Amount(p.GetEmployerNi()),
	}
}

func fromRun(p *payrollv1.Run) (api.Run, error) {
	id, err := parseID(p.GetId())
	if err != nil {
		return api.Run{}, err
	}
	period, err := parsePeriod(p.GetPeriod())
	r := api.Run{
		ID: id, Period: period, Status: p.GetStatus(), Rows: int(p.GetRows()), Accepted: int(p.GetAccepted()),
		RejectedCount: int(p.GetRejectedCount()), Payslips: int(p.GetPayslips()), Totals: fromTotals(p.GetTotals()),
	}
	for _, bad := range p.GetRejected() {
		r.Rejected = append(r.Rejected, payroll.Rejection{Line: int(bad.Line), Employee: bad.Employee, Code: bad.Code, Detail: bad.Detail})
	}
	return r, err
}

func fromPayslip(p *payrollv1.Payslip) (payroll.Payslip, error) {
	period, err := parsePeriod(p.GetPeriod())
	return payroll.Payslip{
		Employee: p.GetEmployee(), Period: period, Totals: fromTotals(p.GetTotals()), TaxCode: p.GetTaxCode(),
		Hours: payroll.Hundredths(p.GetHours()), Overtime: payroll.Hundredths(p.GetOvertime()),
	}, err
}

func fromSales(p *reportsv1.SalesReport) api.Sales {
	s := api.Sales{
		AsOf: fromTime(p.GetAsOf()), Orders: int(p.GetOrders()), Cancelled: int(p.GetCancelled()),
		Revenue: money.Amount(p.GetRevenue()), VAT: money.Amount(p.GetVat()), Discount: money.Amount(p.GetDiscount()),
		Days: []api.DaySales{}, Products: []api.ProductSales{}, // in JSON, none is an empty list
	}
	for _, d := range p.GetDays() {
		s.Days = append(s.Days, api.DaySales{Date: d.Date, Orders: int(d.Orders), Revenue: money.Amount(d.Revenue)})
	}
	for _, sold := range p.GetProducts() {
		s.Products = append(s.Products, api.ProductSales{SKU: sold.Sku, Units: int(sold.Units), Revenue: money.Amount(sold.Revenue)})
	}
	return s
}
