package runner_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/trace"
	"triptych/internal/waittest"
)

func testAQueuedEventShowsItsWait(t *testing.T) {
	w := watch(t)
	w.add(t, "hello", helloFolder)
	waittest.Beside(t, w.Run)
	caller := trace.Parse("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
	err := w.Accept(t.Context(), runner.Invocation{Ref: function.Ref{Name: "hello"}, RequestID: uuid.NewString(), Payload: []byte(`{}`), Trace: caller})
	if err != nil {
		t.Fatal(err)
	}
	one := "hello\n  queue\n  place\n  fetch\n  spawn\n  init\n  invoke\n"
	again := "hello\n  queue\n  place\n  invoke\n" // it fails, and is tried twice more
	waittest.Until(t, "three tries", func() bool { return strings.Count(w.tree(caller.Root), "invoke") == 3 })
	waittest.Until(t, "the spans of all", func() bool { return strings.Count(w.tree(caller.Root), "hello") == 3 })
	if diff := cmp.Diff(one+again+again, w.tree(caller.Root)); diff != "" {
		t.Errorf("the trace (-want +got):\n%s", diff)
	}
	root := w.one(t, caller.Root, "hello")
	if root.Status().Code != codes.Error {
		t.Errorf("the status of an invocation that failed is %v", root.Status())
	}
}

func testTriesAreLinked(t *testing.T) {
	w := watch(t)
	w.add(t, "hello", helloFolder)
	waittest.Beside(t, w.Run)
	err := w.Accept(t.Context(), runner.Invocation{Ref: function.Ref{Name: "hello"}, RequestID: uuid.NewString(), Payload: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}
	ended := func(name string) (all []sdktrace.ReadOnlySpan) {
		for _, s := range w.spans.Ended() {
			if s.Name() == name {
				all = append(all, s)
			}
		}
		return all
	}
	waittest.Until(t, "three tries", func() bool { return len(ended("hello")) == 3 })
	invoke := ended("invoke")
	for i, s := range ended("hello") {
		links := s.Links()
		if i == 0 && len(links) > 0 || i > 0 && (len(links) != 1 || links[0].SpanContext.SpanID() != invoke[i-1].SpanContext().SpanID()) {
			t.Errorf("try %d has the links %v", i+1, links)
		}
	}
}
