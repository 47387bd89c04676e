package poller

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/faas/function"
)

// deliver has the function called with a batch until all of it is done. It is
// false when ctx ends first, or the partition was lost.
func (l *lane) deliver(ctx context.Context, batch portion) bool {
	for todo := []portion{batch}; len(todo) > 0; {
		p := todo[0]
		v, ok := l.try(ctx, &p)
		if !ok || !l.settle(ctx, p, v) {
			return false
		}
		todo = append(v.rest, todo[1:]...)
		if v.wait > 0 && !sleep(ctx, v.wait) {
			return false
		}
	}
	return true
}

// settle does what a verdict says of the records that are not tried again.
func (l *lane) settle(ctx context.Context, p portion, v verdict) bool {
	if len(v.aside.records) > 0 && !l.giveUp(ctx, v.aside, v.condition) {
		return false
	}
	n := v.done + len(v.aside.records)
	if n == 0 {
		return true
	}
	if v.done > 0 {
		l.progress.Done()
	}
	l.at.Problem = ""
	return l.commit(p.records[n-1].offset+1) == nil
}

// try gives a portion to the function once, unless that cannot be. It is false
// when the try was given up, because ctx has ended.
func (l *lane) try(ctx context.Context, p *portion) (verdict, bool) {
	rules := rulesOf(&l.mapping, l.Waits)
	if ctx.Err() != nil {
		return verdict{}, false
	}
	if v, ok := rules.before(*p, time.Now()); !ok {
		return v, true
	}
	payload := l.source.event(p.records)
	if len(payload) > function.MaxSyncPayload {
		l.problem(fmt.Sprintf("record %d of %s makes an event of %d bytes, and %d are the limit: give the mapping MaximumRetryAttempts, or a destination for what fails",
			p.records[0].offset, l.source.key(), len(payload), function.MaxSyncPayload))
		return rules.oversized(*p), true
	}
	if p.refusals+p.failures > 0 {
		p.due = time.Now()
	}
	id := uuid.NewString()
	answer, err, ok := l.call(ctx, *p, id, payload)
	if !ok {
		return verdict{}, false
	}
	if err != nil {
		return l.refused(rules, p, id, function.From(err)), true
	}
	p.last = &last{id: id, status: http.StatusOK, version: answer.Version}
	failed, err := l.outcome(p.records, answer)
	if failed < len(p.records) {
		p.last.failed = "Unhandled"
		l.problem(fmt.Sprintf("the function %s failed with records %d to %d of %s: %v",
			l.mapping.Ref, p.records[failed].offset, p.records[len(p.records)-1].offset, l.source.key(), err))
	}
	return rules.ran(*p, failed), true
}

// refused judges what did not run. A function that is not there, or has no room,
// may be there or have it the next time; what is wrong with the event is wrong
// with the function.
func (l *lane) refused(rules rules, p *portion, id string, err *function.Error) verdict {
	l.problem(fmt.Sprintf("the function %s was not called: %s", l.mapping.Ref, err.Message))
	if err.Err != nil {
		l.warn.Warn("a function was not called with records", err.Err)
	}
	switch status := err.Status; {
	case status == http.StatusNotFound, status == http.StatusConflict, status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return rules.refused(*p)
	}
	p.last = &last{id: id, status: err.Status, failed: err.Type}
	return rules.ran(*p, 0)
}

// call gives an event to the function. When ctx ends meanwhile, the function has
// a while to answer. It is false when that was not enough; the partition then
// stays busy until the answer comes.
func (l *lane) call(ctx context.Context, p portion, id string, payload []byte) (Answer, error, bool) {
	calling, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan answered, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer cancel()
		traced, header, end := l.startProcess(calling, p)
		answer, err := l.Invoker.InvokeBatch(traced, Batch{
			Ref: l.mapping.Ref, RequestID: id, Payload: payload, Trace: header, Due: p.due, Attempt: p.failures + p.refusals + 1,
		})
		end(answer, err)
		done <- answered{answer, err}
	}()
	select {
	case a := <-done:
		return a.Answer, a.err, true
	case <-ctx.Done():
	}
	late := time.NewTimer(grace)
	defer late.Stop()
	select {
	case a := <-done:
		return a.Answer, a.err, true
	case <-late.C:
	case <-l.patience.Done():
	}
	cancel() // if it has not begun, it does not
	l.busy.put(l.source.partition, ended)
	slog.WarnContext(ctx, "a batch was still under way when its time was up: it will be delivered again", "function", l.mapping.Ref.String(), "partition", l.source.key())
	return Answer{}, nil, false
}

// An answered call has an answer or an error.
type answered struct {
	Answer
	err error
}

// outcome is how many records, from the first, the function has succeeded with;
// the error says why not with all.
func (l *lane) outcome(records []record, answer Answer) (int, error) {
	switch {
	case answer.Failed:
		return 0, failure(answer.Payload)
	case l.mapping.ReportFailures:
		return l.source.report(records, answer.Payload)
	}
	return len(records), nil
}

// failure is the message in a function's error.
func failure(payload []byte) error {
	var e struct{ ErrorMessage, ErrorType string }
	_ = json.Unmarshal(payload, &e) // what is not JSON has no message
	return fmt.Errorf("%.100s: %.300s", e.ErrorType, e.ErrorMessage)
}
