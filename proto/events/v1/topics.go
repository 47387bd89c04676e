// Package eventsv1 is what services tell each other through the log, and on which
// topics.
package eventsv1

// The topics that events are on.
const (
	OrdersTopic   = "orders"
	PayrollTopic  = "payroll"
	PicturesTopic = "pictures"
)
