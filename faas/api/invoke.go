package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/trace"
)

// invoke is Lambda's Invoke.
func (s *server) invoke(w http.ResponseWriter, r *http.Request) error {
	in, err := s.invocation(w, r)
	if err != nil {
		return err
	}
	kind := r.Header.Get("X-Amz-Invocation-Type")
	limit := function.MaxSyncPayload
	if kind == "Event" {
		limit = function.MaxAsyncPayload
	}
	if in.Payload, err = payload(r, limit); err != nil {
		return err
	}
	switch kind {
	case "", "RequestResponse":
		return s.invokeNow(w, r, in)
	case "Event":
		if err := s.runner.Accept(r.Context(), in); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	case "DryRun":
		return s.dryRun(w, in)
	}
	return function.Invalid("the invocation type %q is not one of RequestResponse, Event, DryRun", kind)
}

// invocation is what a request says of one beside its payload.
func (s *server) invocation(w http.ResponseWriter, r *http.Request) (in runner.Invocation, err error) {
	in = runner.Invocation{
		RequestID: uuid.NewString(),
		Tenant:    r.Header.Get("X-Amz-Tenant-Id"),
		Trace:     trace.FromRequest(r.Header),
		Tail:      r.Header.Get("X-Amz-Log-Type") == "Tail",
	}
	if in.Ref, err = ref(r); err != nil {
		return in, err
	}
	w.Header().Set("X-Amzn-Requestid", in.RequestID)
	in.ClientContext, err = clientContext(r)
	return in, err
}

// dryRun answers that a function could be invoked.
func (s *server) dryRun(w http.ResponseWriter, in runner.Invocation) error {
	if _, _, err := s.runner.Registry.Resolve(in.Ref); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) invokeNow(w http.ResponseWriter, r *http.Request, in runner.Invocation) error {
	result, err := s.runner.Invoke(r.Context(), in)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("X-Amz-Executed-Version", result.Version)
	h.Set(trace.Name, result.Trace.String())
	if result.Failed {
		h.Set("X-Amz-Function-Error", "Unhandled")
	}
	if in.Tail {
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(result.LogTail))
	}
	h.Set("Content-Type", "application/json")
	if result.ContentType != "" {
		h.Set("Content-Type", result.ContentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(result.Payload)))
	answering(w, len(result.Payload))
	_, _ = w.Write(result.Payload)
	return nil // a client that has gone does not want it
}

// payload reads the event.
func payload(r *http.Request, limit int) ([]byte, error) {
	body, err := readBody(r, function.MaxSyncPayload)
	if err != nil {
		return nil, err
	}
	if err := runner.CheckPayload(body, limit); err != nil {
		return nil, err
	}
	if len(body) == 0 {
		body = []byte("{}")
	}
	return body, nil
}

// clientContext reads what the caller tells the function beside the event. It
// becomes a header of the Runtime API, so that what is no JSON would end the
// function's process, and not only this invocation.
func clientContext(r *http.Request) (string, error) {
	encoded := r.Header.Get("X-Amz-Client-Context")
	if len(encoded) > function.MaxContext {
		return "", function.InvalidContent("Client context must be no more than %d bytes when base64-encoded.", function.MaxContext)
	}
	if encoded == "" {
		return "", nil
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	var object map[string]json.RawMessage
	if err != nil || json.Unmarshal(decoded, &object) != nil || object == nil {
		return "", function.InvalidContent("Client context must be a valid Base64-encoded JSON object.")
	}
	// The function gets it as a header, in which this one may not be.
	return strings.ReplaceAll(string(decoded), "\x7f", `\u007f`), nil
}
