package conformance

// The JSON of the contract, as a client of it would write it down. These are
// not the shop's own types: sharing them would let a mistake pass on both sides.

type accountJSON struct{ ID, Email, Name, Role string }

type session struct {
	Token     string
	ExpiresAt string `json:"expires_at"`
}

type list[V any] struct {
	Items []V
	Next  string
}

type details struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Category    string `json:"category"`
	Price       int    `json:"price"`
}

type movement struct {
	Delta  int    `json:"delta"`
	Reason string `json:"reason"`
}

type product struct {
	SKU, Name, Description, Category string
	Price, Stock                     int
	Picture                          *picture
	UpdatedAt                        string `json:"updated_at"`
}

type picture struct {
	ID     string // in the answer to an upload only
	Status string
	Sizes  map[string]string
	Reason reason // zero unless it failed
}

type reason struct{ Code, Detail, SKU string }

type item struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

type address struct {
	Name     string `json:"name"`
	Line1    string `json:"line1"`
	Line2    string `json:"line2,omitempty"`
	City     string `json:"city"`
	Postcode string `json:"postcode"`
	Country  string `json:"country"`
}

type card struct {
	Token string `json:"token"`
}

type newOrder struct {
	Lines   []item  `json:"lines,omitempty"`
	ShipTo  address `json:"ship_to"`
	Payment card    `json:"payment"`
}

type line struct {
	SKU, Name              string
	Quantity, Price, Total int
}

type totals struct{ Subtotal, Discount, Shipping, Total, VAT int }

type cartJSON struct {
	Lines []line
	totals
}

type order struct {
	ID, Status string
	Reason     reason // zero unless it was rejected
	Lines      []line
	totals
	ShipTo    address `json:"ship_to"`
	PlacedAt  string  `json:"placed_at"`
	SettledAt string  `json:"settled_at"`
	History   []struct{ Status, At string }
}

type employee struct {
	Name           string         `json:"name"`
	TaxCode        string         `json:"tax_code"`
	NICategory     string         `json:"ni_category"`
	Pay            map[string]int `json:"pay"`
	PensionPercent int            `json:"pension_percent"`
}

type wages struct {
	Gross, Tax int
	EmployeeNI int `json:"employee_ni"`
	Pension    int
	Net        int
	EmployerNI int `json:"employer_ni"`
}

type rejection struct {
	Line                   int
	Employee, Code, Detail string
}

type payrollRun struct {
	ID, Period, Status string
	Rows, Accepted     int
	RejectedCount      int `json:"rejected_count"`
	Rejected           []rejection
	Payslips           int
	Totals             wages
}

type payslip struct {
	Employee, Period string
	wages
	TaxCode       string `json:"tax_code"`
	Hours         float64
	OvertimeHours float64 `json:"overtime_hours"`
}

type report struct {
	AsOf                                      string `json:"as_of"`
	Orders, Cancelled, Revenue, VAT, Discount int
	Days                                      []struct {
		Date            string
		Orders, Revenue int
	}
	Products []struct {
		SKU            string
		Units, Revenue int
	}
}
