package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"github.com/google/uuid"

	"triptych/faas/function"
)

// serve is the way of every request: its bounds, who it is from, what it asks
// for.
func (s *server) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		bound(w, r, rt)
		s.emulate(rt, r)
		if err := s.handle(rt, w, r); err != nil {
			discard(r)
			fail(w, r, err)
		}
	})
}

// handle does what a request asks for, with its body at hand.
func (s *server) handle(rt route, w http.ResponseWriter, r *http.Request) error {
	by, err := s.caller(rt, r)
	if err != nil { // before its body is had: who may not is no reason to hold a zip file
		return err
	}
	leave, err := s.enter(r, rt, by)
	if err != nil {
		return err
	}
	leave = sync.OnceFunc(leave)
	defer leave()
	bound(w, r, rt) // anew: it may have waited for others
	body, err := readBody(r, rt.limit)
	if err != nil {
		return err
	}
	if err := s.prove(by, r, body); err != nil {
		return err
	}
	if rt.limit < maxCode { // code is unpacked before others come in
		leave()
	}
	r.Body = &heldBody{bytes.NewReader(body), body}
	return rt.do(w, r)
}

// emulate has the name "function" mean the only function there is, when none is
// named so: that is how AWS's runtime interface emulator is called.
func (s *server) emulate(rt route, r *http.Request) {
	const any = "function"
	if rt.action != invokeAction || r.PathValue("function") != any {
		return
	}
	if f, sole := s.runner.Registry.Sole(); sole {
		r.SetPathValue("function", f.Latest.Name)
	}
}

// ref reads which function a request is about.
func ref(r *http.Request) (function.Ref, error) {
	return function.ParseRef(r.PathValue("function"), r.URL.Query().Get("Qualifier"))
}

// whole is ref for what a function has as a whole, or only in $LATEST.
func whole(r *http.Request) (string, error) {
	at, err := ref(r)
	if err == nil && at.Qualifier != "" && at.Qualifier != function.Latest {
		err = function.Invalid("%s is a version or an alias: this operation is of the function %s as a whole, name it without a qualifier", at, at.Name)
	}
	return at.Name, err
}

// fail answers with an exception.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client has gone
	}
	e := function.From(err)
	if e.Err != nil {
		slog.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "err", e.Err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Errortype", e.Type)
	if h.Get("X-Amzn-Requestid") == "" {
		h.Set("X-Amzn-Requestid", uuid.NewString())
	}
	if e.After > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(e.After.Seconds()))))
	}
	w.WriteHeader(e.Status)
	_ = encode(w, describe(e))
}

// capital are the exceptions that AWS writes a Message of, not a message.
var capital = map[string]bool{"ResourceNotFoundException": true, "ServiceException": true, "AccessDeniedException": true}

// describe is the body of an exception.
func describe(e *function.Error) map[string]string {
	key := "message"
	if capital[e.Type] {
		key = "Message"
	}
	body := map[string]string{key: e.Message, "Type": "User"}
	if e.Status >= http.StatusInternalServerError {
		body["Type"] = "Service"
	}
	if e.Reason != "" {
		body["Reason"] = e.Reason
	}
	return body
}

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	w.WriteHeader(status)
	_ = encode(w, v) // a client that has gone does not want it
	return nil
}

// encode writes JSON in which a link can be read.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// done answers that there is nothing to say.
func done(w http.ResponseWriter) error {
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	w.WriteHeader(http.StatusNoContent)
	return nil
}
