package rpc_test

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	rpcv1 "triptych/proto/rpc/v1"
)

// echo is a service of these tests: each method does what its function does. Of
// the methods, the gateway may call all but Closed; Read and Again may be tried
// again.
type echo struct {
	unary  func(ctx context.Context, s string) (string, error) // Once, Read, Again, Closed
	stream func(s grpc.ServerStream) error                     // Watch, Upload
}

const echoName = "test.v1.Echo"

// register makes the service known to a server, as generated code does.
func (e echo) register(s grpc.ServiceRegistrar) { s.RegisterService(&echoDesc, e) }

var echoDesc = grpc.ServiceDesc{
	ServiceName: echoName,
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{unaryDesc("Once"), unaryDesc("Read"), unaryDesc("Again"), unaryDesc("Closed")},
	Streams: []grpc.StreamDesc{
		{StreamName: "Watch", Handler: handleStream, ServerStreams: true},
		{StreamName: "Upload", Handler: handleStream, ClientStreams: true},
	},
}

func unaryDesc(method string) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: method, Handler: func(srv any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
		in := new(wrapperspb.StringValue)
		if err := decode(in); err != nil {
			return nil, err
		}
		full, _ := grpc.Method(ctx)
		info := &grpc.UnaryServerInfo{Server: srv, FullMethod: full}
		return intercept(ctx, in, info, func(ctx context.Context, req any) (any, error) {
			out, err := srv.(echo).unary(ctx, req.(*wrapperspb.StringValue).GetValue())
			return wrapperspb.String(out), err
		})
	}}
}

func handleStream(srv any, s grpc.ServerStream) error { return srv.(echo).stream(s) }

// call calls a method with one answer.
func call(ctx context.Context, c *grpc.ClientConn, method, in string) (string, error) {
	out := new(wrapperspb.StringValue)
	err := c.Invoke(ctx, "/"+echoName+"/"+method, wrapperspb.String(in), out)
	return out.GetValue(), err
}

// watch opens a stream of answers and sends the request.
func watch(ctx context.Context, c *grpc.ClientConn) (grpc.ServerStreamingClient[wrapperspb.StringValue], error) {
	s, err := c.NewStream(ctx, &echoDesc.Streams[0], "/"+echoName+"/Watch")
	if err != nil {
		return nil, err
	}
	x := &grpc.GenericClientStream[wrapperspb.StringValue, wrapperspb.StringValue]{ClientStream: s}
	if err := x.Send(wrapperspb.String("")); err != nil {
		return nil, err
	}
	return x, x.CloseSend()
}

// upload opens a stream of requests.
func upload(ctx context.Context, c *grpc.ClientConn) (grpc.ClientStreamingClient[wrapperspb.StringValue, wrapperspb.StringValue], error) {
	s, err := c.NewStream(ctx, &echoDesc.Streams[1], "/"+echoName+"/Upload")
	return &grpc.GenericClientStream[wrapperspb.StringValue, wrapperspb.StringValue]{ClientStream: s}, err
}

// describe makes the service's .proto file known, as generated code does.
func describe() error {
	method := func(name string, level descriptorpb.MethodOptions_IdempotencyLevel, callers ...string) *descriptorpb.MethodDescriptorProto {
		options := &descriptorpb.MethodOptions{IdempotencyLevel: &level}
		proto.SetExtension(options, rpcv1.E_Callers, callers)
		return &descriptorpb.MethodDescriptorProto{
			Name: &name, InputType: new(".google.protobuf.StringValue"), OutputType: new(".google.protobuf.StringValue"), Options: options,
		}
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("test/v1/echo.proto"), Package: new("test.v1"), Syntax: new("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto", "rpc/v1/callers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: new("Echo"), Method: []*descriptorpb.MethodDescriptorProto{
			method("Once", descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN, "gateway", "orders"),
			method("Read", descriptorpb.MethodOptions_NO_SIDE_EFFECTS, "gateway"),
			method("Again", descriptorpb.MethodOptions_IDEMPOTENT, "gateway"),
			method("Closed", descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN),
			method("Watch", descriptorpb.MethodOptions_NO_SIDE_EFFECTS, "gateway"),
			method("Upload", descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN, "gateway"),
		}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		return err
	}
	return protoregistry.GlobalFiles.RegisterFile(file)
}
