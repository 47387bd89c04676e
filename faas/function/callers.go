package function

import "net/http"

// Unsigned refuses a request that says nothing of who it is from.
func Unsigned() *Error {
	return newError("MissingAuthenticationTokenException", http.StatusForbidden, "Missing Authentication Token", nil)
}

// UnknownKey refuses a request that was signed with a key nobody has.
func UnknownKey() *Error {
	return newError("UnrecognizedClientException", http.StatusForbidden, "The security token included in the request is invalid.", nil)
}

// BadSignature refuses a request whose signature does not hold.
func BadSignature(format string, args ...any) *Error {
	return newError("InvalidSignatureException", http.StatusForbidden, format, args)
}

// IncompleteSignature refuses a signature that cannot be read.
func IncompleteSignature(format string, args ...any) *Error {
	return newError("IncompleteSignatureException", http.StatusForbidden, format, args)
}

// UnknownOperation says that the API has no such method of such a path.
func UnknownOperation(format string, args ...any) *Error {
	return newError("UnknownOperationException", http.StatusNotFound, format, args)
}

// NotProvisioned says that no instances are kept initialised.
func NotProvisioned() *Error {
	return newError("ProvisionedConcurrencyConfigNotFoundException", http.StatusNotFound,
		"No Provisioned Concurrency Config found for this function", nil)
}

// CodeStorageExceeded says that all code together takes too many bytes.
func CodeStorageExceeded() *Error {
	return newError("CodeStorageExceededException", http.StatusBadRequest,
		"Code storage limit exceeded: delete versions that are not needed any more", nil)
}
