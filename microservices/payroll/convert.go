package main

import (
	"triptych/domain/money"
	"triptych/domain/payroll"
	payrollv1 "triptych/proto/payroll/v1"
	wages "triptych/store/payroll"
)

// each converts a list.
func each[A, B any](list []A, convert func(A) B) []B {
	converted := make([]B, len(list))
	for i, a := range list {
		converted[i] = convert(a)
	}
	return converted
}

func fromEmployee(e *payrollv1.Employee) payroll.Employee {
	return payroll.Employee{
		ID:             e.Id,
		Name:           e.Name,
		TaxCode:        e.TaxCode,
		NICategory:     e.NiCategory,
		Pay:            payroll.Pay{Hourly: money.Amount(e.Hourly), Salary: money.Amount(e.Salary)},
		PensionPercent: int(e.PensionPercent),
	}
}

func toEmployee(e payroll.Employee) *payrollv1.Employee {
	return &payrollv1.Employee{
		Id:             e.ID,
		Name:           e.Name,
		TaxCode:        e.TaxCode,
		NiCategory:     e.NICategory,
		Hourly:         int64(e.Pay.Hourly),
		Salary:         int64(e.Pay.Salary),
		PensionPercent: int32(e.PensionPercent),
	}
}

func toRun(r wages.Run) *payrollv1.Run {
	return &payrollv1.Run{
		Id:            r.ID.String(),
		Period:        r.Period.String(),
		Status:        r.Status,
		Rows:          int32(r.Rows),
		Accepted:      int32(r.Accepted),
		RejectedCount: int32(r.RejectedCount),
		Rejected:      each(r.Rejected, toRejection),
		Payslips:      int32(r.Payslips),
		Totals:        toTotals(r.Totals),
	}
}

func toRejection(r payroll.Rejection) *payrollv1.Rejection {
	return &payrollv1.Rejection{Line: int32(r.Line), Employee: r.Employee, Code: r.Code, Detail: r.Detail}
}

func toTotals(t payroll.Totals) *payrollv1.Totals {
	return &payrollv1.Totals{
		Gross:      int64(t.Gross),
		Tax:        int64(t.Tax),
		EmployeeNi: int64(t.EmployeeNI),
		Pension:    int64(t.Pension),
		Net:        int64(t.Net),
		EmployerNi: int64(t.EmployerNI),
	}
}

func toPayslip(s payroll.Payslip) *payrollv1.Payslip {
	return &payrollv1.Payslip{
		Employee: s.Employee,
		Period:   s.Period.String(),
		Totals:   toTotals(s.Totals),
		TaxCode:  s.TaxCode,
		Hours:    int32(s.Hours),
		Overtime: int32(s.Overtime),
	}
}
