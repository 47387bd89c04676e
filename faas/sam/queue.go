package sam

const queueType = "AWS::SQS::Queue"

// readQueue reads a queue that events which failed, or what became of events,
// go to. The runner has one as soon as something is put into it.
func (l *loader) readQueue(t *Template, r *resource) {
	name, ok := l.nameOf(r, resourceTypes()[queueType])
	if ok {
		t.Queues = append(t.Queues, name)
	}
	if r.properties == nil {
		return
	}
	l.object(field{"A queue", r.line, r.properties}, object{
		"QueueName": ignored, // nameOf has read it
		"FifoQueue": func(f field) {
			if fifo, _ := l.truth(f); fifo {
				l.complain(f.line, "FifoQueue: functions put their events into standard queues alone: leave it out")
			}
		},
		"RedrivePolicy": l.refused("this runner reads no messages, and so returns none: leave it out"),

		// These say how a queue treats who reads it, and how AWS keeps it.
		"DelaySeconds":                  ignored,
		"KmsDataKeyReusePeriodSeconds":  ignored,
		"KmsMasterKeyId":                ignored,
		"MaximumMessageSize":            ignored,
		"MessageRetentionPeriod":        ignored,
		"ReceiveMessageWaitTimeSeconds": ignored,
		"RedriveAllowPolicy":            ignored,
		"SqsManagedSseEnabled":          ignored,
		"Tags":                          ignored,
		"VisibilityTimeout":             ignored,
	})
}
