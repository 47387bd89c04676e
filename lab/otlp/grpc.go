package otlp

import (
	"context"
	"fmt"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // exporters may compress
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// grpcServer serves the three Export methods. It takes their messages as bytes,
// as over HTTP, in place of the generated types.
func (r *Receiver) grpcServer() *grpc.Server {
	s := grpc.NewServer(grpc.ForceServerCodecV2(rawCodec{}), grpc.MaxRecvMsgSize(maxBody))
	for _, sig := range signals {
		s.RegisterService(&grpc.ServiceDesc{
			ServiceName: sig.service,
			HandlerType: (*any)(nil),
			Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: r.export(sig)}},
		}, r)
	}
	return s
}

func (r *Receiver) export(sig signal) grpc.MethodHandler {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var body []byte
		if err := decode(&body); err != nil {
			return nil, err
		}
		answer, err := r.receive(sig, body)
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		md, _ := metadata.FromIncomingContext(ctx)
		r.relay.forward(message{sig.path, typeProtobuf, "", body}, headers(md))
		return answer, nil
	}
}

// headers returns metadata as HTTP headers.
func headers(md metadata.MD) http.Header {
	h := http.Header{}
	for k, v := range md {
		h[http.CanonicalHeaderKey(k)] = v
	}
	return h
}

// rawCodec hands a request over as it is and encodes answers.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	p, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("decode into %T: want *[]byte", v)
	}
	*p = data.Materialize()
	return nil
}

func (rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("encode a %T: want a message", v)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		return nil, err
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}
