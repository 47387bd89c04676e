package rpc

import (
	"strconv"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"triptych/domain/fault"
)

// domain is whose faults they are, in ErrorInfo.
const domain = "triptych"

// kindKey is the key in ErrorInfo's metadata that tells the kind, as several
// kinds share a code.
const kindKey = "kind"

// code translates a fault's kind for gRPC, for those who know gRPC's codes
// alone: its retries, its metrics, and people.
// (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md)
var code = map[fault.Kind]codes.Code{
	fault.Internal:         codes.Internal,
	fault.Malformed:        codes.InvalidArgument,
	fault.Unauthenticated:  codes.Unauthenticated,
	fault.Forbidden:        codes.PermissionDenied,
	fault.NotFound:         codes.NotFound,
	fault.MethodNotAllowed: codes.Unimplemented,
	fault.Conflict:         codes.FailedPrecondition,
	fault.TooLarge:         codes.OutOfRange,
	fault.UnsupportedMedia: codes.InvalidArgument,
	fault.Invalid:          codes.InvalidArgument,
	fault.TooMany:          codes.ResourceExhausted,
	fault.Unavailable:      codes.Unavailable,
}

// mostText is how much of a fault's text is sent, and of its fields, in bytes:
// they travel in a header, and one that is too long breaks the connection, with
// all other calls that are on it.
const mostText = 64 << 10

// toStatus packs a fault in the details that Google's APIs use.
// (https://google.aip.dev/193)
func toStatus(f *fault.Fault) *status.Status {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{
		Reason:   valid(f.Code),
		Domain:   domain,
		Metadata: map[string]string{kindKey: strconv.Itoa(int(f.Kind))},
	}}
	if len(f.Fields) > 0 {
		var broken errdetails.BadRequest
		size := 0
		for _, field := range f.Fields {
			if size += len(field.Pointer) + len(field.Detail); size > mostText {
				break
			}
			broken.FieldViolations = append(broken.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: valid(field.Pointer), Description: valid(field.Detail),
			})
		}
		details = append(details, &broken)
	}
	if f.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(f.RetryAfter)})
	}
	s, err := status.New(code[f.Kind], valid(f.Detail[:min(len(f.Detail), mostText)])).WithDetails(details...)
	if err != nil { // cannot be: the strings are valid and the code is not OK
		return status.New(codes.Internal, err.Error())
	}
	return s
}

// valid replaces what protobuf refuses in a string.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// fromStatus unpacks a fault of ours, or returns nil.
func fromStatus(s *status.Status) *fault.Fault {
	f := &fault.Fault{Detail: s.Message()}
	ours := false
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			kind, err := strconv.Atoi(d.GetMetadata()[kindKey])
			if _, known := code[fault.Kind(kind)]; err == nil && known && d.GetDomain() == domain {
				ours, f.Kind, f.Code = true, fault.Kind(kind), d.GetReason()
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				f.Fields = append(f.Fields, fault.Field{Pointer: v.GetField(), Detail: v.GetDescription()})
			}
		case *errdetails.RetryInfo:
			f.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	if !ours {
		return nil
	}
	return f
}
