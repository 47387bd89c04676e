package async

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"triptych/faas/function"
)

// A record is what a destination is told, in AWS's form.
type record struct {
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	RequestContext  requestContext   `json:"requestContext"`
	RequestPayload  json.RawMessage  `json:"requestPayload"`
	ResponseContext *responseContext `json:"responseContext,omitempty"`
	ResponsePayload json.RawMessage  `json:"responsePayload,omitempty"`
	DeliveryError   *deliveryError   `json:"deliveryError,omitempty"`
}

type requestContext struct {
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	InvokeCount int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion,omitempty"`
	FunctionError   string `json:"functionError,omitempty"`
}

// A deliveryError stands where the answer of the function would, when that is
// not JSON.
type deliveryError struct {
	StatusCode   int    `json:"statusCode"`
	ErrorCode    string `json:"errorCode"`
	ErrorMessage string `json:"errorMessage"`
}

// recordOf writes the record of an event that ended.
func recordOf(e *entry, condition string, now time.Time) ([]byte, error) {
	qualifier := e.Event.Ref.Qualifier
	if qualifier == "" {
		qualifier = function.Latest
	}
	r := record{
		Version:   "1.0",
		Timestamp: now.UTC().Format("2006-01-02T15:04:05.000Z"),
		RequestContext: requestContext{RequestID: e.Event.ID, FunctionARN: function.ARN(e.Event.Ref.Name, qualifier),
			Condition: condition, InvokeCount: e.Runs},
		RequestPayload: e.Event.Payload,
	}
	if len(r.RequestPayload) == 0 {
		r.RequestPayload = json.RawMessage("null")
	}
	if last := e.Last; last != nil {
		r.ResponseContext = &responseContext{last.Status, last.Version, last.Error}
		if r.ResponsePayload = last.Payload; len(last.Payload) > 0 && !json.Valid(last.Payload) {
			r.ResponsePayload = nil
			r.DeliveryError = &deliveryError{http.StatusBadRequest, "InvalidRequestContentException", "The function response payload could not be parsed as JSON."}
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // payloads are handed on as they are
	if err := enc.Encode(r); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// maxMessage is how many bytes of an error's message a dead letter names.
const maxMessage = 1024

// attributesOf are what a dead letter says beside its event.
func attributesOf(e *entry, condition string) map[string]string {
	a := map[string]string{"RequestID": e.Event.ID}
	message := "The event's age is over: no try was made"
	switch last := e.Last; {
	case condition == ZeroConcurrency:
		message = "Function not invoked. Function is configured with zero reserved concurrent executions"
	case last != nil && last.Message != "":
		a["ErrorCode"] = strconv.Itoa(last.Status)
		message = last.Message
	case last != nil:
		a["ErrorCode"] = strconv.Itoa(last.Status)
		var answer struct{ ErrorMessage string }
		_ = json.Unmarshal(last.Payload, &answer) // what is not JSON has no message
		message = answer.ErrorMessage
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "")
	}
	a["ErrorMessage"] = message
	return a
}
