package eventsv1

// The topics that events are on.
const (
	OrdersTopic   = "orders"
	PayrollTopic  = "payroll"
	PicturesTopic = "pictures"
)
