package sam

const notAnEvent = "this runner has no such event: leave it out"

// eventTypes says how each type of event is read into a function. Those that
// this runner will have say what to do until then.
func eventTypes() map[string]func(*loader, *Function, field) {
	return map[string]func(*loader, *Function, field){
		"HttpApi":          eventLater(httpAPILater),
		"SelfManagedKafka": (*loader).topic,
		"Schedule":         eventLater(scheduleLater),
		"ScheduleV2":       eventLater(scheduleLater),
		"AlexaSkill":       eventLater(notAnEvent),
		"Api":              eventLater(notAnEvent),
		"CloudWatchEvent":  eventLater(notAnEvent),
		"CloudWatchLogs":   eventLater(notAnEvent),
		"Cognito":          eventLater(notAnEvent),
		"DocumentDB":       eventLater(notAnEvent),
		"DynamoDB":         eventLater(notAnEvent),
		"EventBridgeRule":  eventLater(notAnEvent),
		"IoTRule":          eventLater(notAnEvent),
		"Kinesis":          eventLater(notAnEvent),
		"MQ":               eventLater(notAnEvent),
		"MSK":              eventLater(notAnEvent),
		"S3":               eventLater(notAnEvent),
		"SNS":              eventLater(notAnEvent),
		"SQS":              eventLater(notAnEvent),
	}
}

const scheduleLater = "this runner has no schedules yet: leave the event out, and invoke the function from one that you have"

func eventLater(why string) func(*loader, *Function, field) {
	return func(l *loader, _ *Function, f field) { l.complain(f.line, "the event %s: %s", f.name, why) }
}

// events reads what a function is invoked by.
func (l *loader) events(fn *Function, f field) {
	known := eventTypes()
	for _, e := range l.fields(f) {
		n := l.value(e, mapping)
		if n == nil {
			continue
		}
		kind := n.get("Type")
		if kind == nil {
			l.complain(e.line, "the event %s has no Type: write one", e.name)
			continue
		}
		name, ok := l.text(*kind)
		if !ok {
			continue
		}
		if read, ok := known[name]; ok {
			read(l, fn, e)
			continue
		}
		l.complain(kind.line, "there is no event of type %s%s: correct it", quoted(name), meant(name, known))
	}
}
