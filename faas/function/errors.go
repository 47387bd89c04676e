package function

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// An Error is one of Lambda's exceptions: what a client of its API sees.
// Source: the Lambda API reference.
type Error struct {
	Type    string // in X-Amzn-ErrorType, without the namespace
	Status  int    // of HTTP
	Message string
	Reason  string        // of a TooManyRequestsException
	After   time.Duration // when to try again; 0 says nothing
	Err     error         // what is behind it; not shown to clients
}

func (e *Error) Error() string { return e.Message }

// Unwrap returns what is behind it.
func (e *Error) Unwrap() error { return e.Err }

// Reasons of a TooManyRequestsException.
const (
	ReservedLimit   = "ReservedFunctionConcurrentInvocationLimitExceeded"
	ConcurrentLimit = "ConcurrentInvocationLimitExceeded"
	CallerRateLimit = "CallerRateLimitExceeded"
)

// NotFound says that there is no such function, version, alias or setting.
func NotFound(format string, args ...any) *Error {
	return newError("ResourceNotFoundException", http.StatusNotFound, format, args)
}

// Invalid says what is wrong with a parameter.
func Invalid(format string, args ...any) *Error {
	return newError("InvalidParameterValueException", http.StatusBadRequest, format, args)
}

// InvalidContent says what is wrong with the body of a request.
func InvalidContent(format string, args ...any) *Error {
	return newError("InvalidRequestContentException", http.StatusBadRequest, format, args)
}

// InvalidZip says what is wrong with a function's code.
func InvalidZip(format string, args ...any) *Error {
	return newError("InvalidZipFileException", http.StatusBadGateway, format, args)
}

// Conflict says that what is there does not allow it.
func Conflict(format string, args ...any) *Error {
	return newError("ResourceConflictException", http.StatusConflict, format, args)
}

// InUse says that what is there is about to become something else.
func InUse(format string, args ...any) *Error {
	return newError("ResourceInUseException", http.StatusBadRequest, format, args)
}

// Outdated says that somebody else has changed it since RevisionId was read.
func Outdated() *Error {
	return newError("PreconditionFailedException", http.StatusPreconditionFailed,
		"The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id", nil)
}

// TooLarge says that a body has more bytes than allowed.
func TooLarge(limit int) *Error {
	return newError("RequestTooLargeException", http.StatusRequestEntityTooLarge,
		"Request must be smaller than %d bytes for the InvokeFunction operation", []any{limit})
}

// Throttled says that a limit was reached; the reason says which.
func Throttled(reason string) *Error {
	e := newError("TooManyRequestsException", http.StatusTooManyRequests, "Rate Exceeded.", nil)
	e.Reason, e.After = reason, time.Second
	return e
}

// Recursive says that a function has, by way of others, called itself too often.
func Recursive() *Error {
	return newError("RecursiveInvocationException", http.StatusBadRequest,
		"Lambda detected your function being invoked in a recursive loop and stopped it", nil)
}

// Denied says that the caller is known and may not.
func Denied(format string, args ...any) *Error {
	return newError("AccessDeniedException", http.StatusForbidden, format, args)
}

// Internal is a failure of the runner; err is logged and not shown.
func Internal(err error) *Error {
	e := newError("ServiceException", http.StatusInternalServerError, "The runner failed: its log says why", nil)
	e.Err = err
	return e
}

// From returns what a client sees of any error.
func From(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return Internal(err)
}

func newError(kind string, status int, format string, args []any) *Error {
	return &Error{Type: kind, Status: status, Message: fmt.Sprintf(format, args...)}
}
