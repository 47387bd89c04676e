package otlp

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

// A refusal is an answer other than 200, with a google.rpc.Status as its body.
type refusal struct {
	status int
	code   codes.Code
	text   string
}

func (e *refusal) Error() string { return e.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, codes.InvalidArgument, fmt.Sprintf(format, args...)}
}

func (r *Receiver) handler() http.Handler {
	mux := http.NewServeMux()
	for _, s := range signals {
		mux.HandleFunc("POST "+s.path, func(w http.ResponseWriter, req *http.Request) {
			kind, answer, err := r.post(s, w, req)
			if err != nil {
				writeRefusal(w, kind, err)
				return
			}
			write(w, kind, http.StatusOK, answer)
		})
	}
	r.routes(mux)
	return mux
}

// post receives one request and returns the media type to answer in.
func (r *Receiver) post(s signal, w http.ResponseWriter, req *http.Request) (kind string, _ proto.Message, _ error) {
	kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil || (kind != typeProtobuf && kind != typeJSON) {
		return typeProtobuf, nil, refuse(http.StatusUnsupportedMediaType, "Content-Type is %q: want %s or %s",
			req.Header.Get("Content-Type"), typeProtobuf, typeJSON)
	}
	sent, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		return kind, nil, readError(err)
	}
	body, err := unpack(req.Header.Get("Content-Encoding"), sent)
	if err != nil {
		return kind, nil, err
	}
	if kind == typeJSON {
		if body, err = fromJSON(s, body); err != nil {
			return kind, nil, refuse(http.StatusBadRequest, "malformed JSON: %v", err)
		}
	}
	answer, err := r.receive(s, body)
	if err != nil {
		return kind, nil, refuse(http.StatusBadRequest, "%v", err)
	}
	r.relay.forward(message{s.path, kind, req.Header.Get("Content-Encoding"), sent}, req.Header)
	return kind, answer, nil
}

// unpack undoes a Content-Encoding.
func unpack(encoding string, sent []byte) ([]byte, error) {
	switch encoding {
	case "", "identity":
		return sent, nil
	case "gzip":
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Encoding is %q: want gzip or none", encoding)
	}
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "malformed gzip: %v", err)
	}
	body, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "malformed gzip: %v", err)
	}
	if len(body) > maxBody {
		return nil, readError(&http.MaxBytesError{Limit: maxBody})
	}
	return body, nil
}

func readError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return refuse(http.StatusRequestEntityTooLarge, "the body is over %d MiB", maxBody>>20)
	}
	return refuse(http.StatusBadRequest, "read the body: %v", err)
}

func writeRefusal(w http.ResponseWriter, kind string, err error) {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{http.StatusInternalServerError, codes.Internal, "internal error"}
	}
	write(w, kind, r.status, &spb.Status{Code: int32(r.code), Message: r.text})
}

func write(w http.ResponseWriter, kind string, status int, m proto.Message) {
	marshal := proto.Marshal
	if kind == typeJSON {
		marshal = protojson.Marshal
	}
	b, err := marshal(m)
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may be gone
}
