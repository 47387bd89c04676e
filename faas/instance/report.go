package instance

import (
	"strconv"
	"strings"
	"time"

	"triptych/faas/trace"
)

// The lines that Lambda writes of every invocation. They are made without
// garbage, since each invocation pays for them.

func appendStart(b []byte, requestID, version string) []byte {
	b = append(b, "START RequestId: "...)
	b = append(b, requestID...)
	b = append(b, " Version: "...)
	b = append(b, version...)
	return append(b, '\n')
}

// appendReport is the end of an invocation; message says why the function
// could not answer itself, if it could not.
func appendReport(b []byte, memory int, requestID, message string, o *Outcome) []byte {
	if o.platform && message != "" {
		b = appendBroken(b, requestID, message, o.ErrorType)
	}
	b = append(b, "END RequestId: "...)
	b = append(b, requestID...)
	b = append(b, "\nREPORT RequestId: "...)
	b = append(b, requestID...)
	b = append(b, "\tDuration: "...)
	b = appendMs(b, o.Duration)
	b = append(b, " ms\tBilled Duration: "...)
	b = strconv.AppendInt(b, o.Billed.Milliseconds(), 10)
	b = append(b, " ms\tMemory Size: "...)
	b = strconv.AppendInt(b, int64(memory), 10)
	b = append(b, " MB\tMax Memory Used: "...)
	b = strconv.AppendInt(b, int64(o.MaxMemory), 10)
	b = append(b, " MB\t"...)
	if o.Cold && !o.Init.Suppressed {
		b = append(b, "Init Duration: "...)
		b = appendMs(b, o.Init.Duration())
		b = append(b, " ms\t"...)
	}
	switch {
	case !o.platform:
	case o.ErrorType == timeoutError:
		b = append(b, "Status: timeout\t"...)
	default:
		b = append(b, "Status: error\tError Type: "...)
		b = append(b, o.ErrorType...)
		b = append(b, '\t')
	}
	b = appendXRay(b, o.traceID)
	return append(b, '\n')
}

// appendXRay names the trace of an invocation that is recorded, and its span.
func appendXRay(b []byte, header string) []byte {
	if !strings.Contains(header, "Sampled=1") {
		return b
	}
	h := trace.Parse(header)
	b = append(b, "XRAY TraceId: "...)
	b = append(b, h.RootID()...)
	b = append(b, "\tSegmentId: "...)
	b = append(b, h.Parent.String()...)
	return append(b, "\tSampled: true\t"...)
}

// appendBroken is the sentence before the end of an invocation that the
// function did not answer: Lambda writes the same.
func appendBroken(b []byte, requestID, message, kind string) []byte {
	if kind == timeoutError {
		b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
		b = append(b, ' ')
		b = append(b, requestID...)
		b = append(b, ' ')
		b = append(b, message...)
		return append(b, '\n')
	}
	b = append(b, "RequestId: "...)
	b = append(b, requestID...)
	b = append(b, " Error: "...)
	b = append(b, message...)
	return append(b, '\n')
}

func appendMs(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, float64(d)/float64(time.Millisecond), 'f', 2, 64)
}

// ms writes a duration as Lambda's log lines do: milliseconds with two decimals.
func ms(d time.Duration) string { return string(appendMs(nil, d)) }
