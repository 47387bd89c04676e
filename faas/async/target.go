package async

import (
	"strings"

	"triptych/faas/function"
)

// A target is where records and dead letters go: a function or a queue.
type target struct {
	function function.Ref
	queue    string // when it is not empty
}

// CheckTarget reports why an ARN can be no destination of this runner: it takes
// those of functions and of queues, which it keeps itself. The region and the
// account in them do not matter.
func CheckTarget(arn string) error {
	_, err := parseTarget(arn)
	return err
}

// CheckDeadLetter reports why an ARN can not take dead letters: it must be that
// of a queue.
func CheckDeadLetter(arn string) error {
	_, err := parseDeadLetter(arn)
	return err
}

// QueueName is the name of the queue that an ARN which CheckDeadLetter takes is of.
func QueueName(arn string) (string, error) {
	t, err := parseDeadLetter(arn)
	return t.queue, err
}

func parseDeadLetter(arn string) (target, error) {
	t, err := parseTarget(arn)
	if err == nil && t.queue == "" {
		return t, function.Invalid("The dead letter target %q is a function: use a queue (%s); for a function, set it as the OnFailure destination", arn, function.QueueARN("NAME"))
	}
	return t, err
}

func parseTarget(arn string) (target, error) {
	parts := strings.SplitN(arn, ":", 6) // arn:partition:service:region:account:resource
	if len(parts) != 6 || parts[0] != "arn" || parts[5] == "" {
		return target{}, function.Invalid("%q is not an ARN: use that of a function (%s) or of a queue (%s)", arn, function.ARN("NAME", ""), function.QueueARN("NAME"))
	}
	switch parts[2] {
	case "lambda":
		ref, err := function.ParseRef(arn, "")
		return target{function: ref}, err
	case "sqs":
		if strings.HasSuffix(parts[5], ".fifo") {
			return target{}, function.Invalid("%q is a FIFO queue: Lambda takes only standard queues here", arn)
		}
		return target{queue: parts[5]}, function.CheckQueue(parts[5])
	}
	return target{}, function.Invalid("%q is of the service %s, which this runner does not have: use the ARN of a function (%s) or of a queue (%s)", arn, parts[2], function.ARN("NAME", ""), function.QueueARN("NAME"))
}
