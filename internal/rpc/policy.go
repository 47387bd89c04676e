package rpc

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	rpcv1 "triptych/proto/rpc/v1"
)

// A policy says who may call what. A method that it does not know may be called
// by nobody.
type policy map[string]rule // by full name: /stock.v1.Stock/Reserve

type rule struct {
	callers []string
	anybody bool // with a certificate, and without a deadline
}

// add reads the option callers of a service's methods, where its .proto file
// says it.
func (p policy) add(desc *grpc.ServiceDesc) {
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(desc.ServiceName))
	service, ok := d.(protoreflect.ServiceDescriptor)
	if err != nil || !ok {
		return
	}
	for i := range service.Methods().Len() {
		m := service.Methods().Get(i)
		callers, _ := proto.GetExtension(m.Options(), rpcv1.E_Callers).([]string)
		p[fullMethod(m)] = rule{callers, desc == &healthpb.Health_ServiceDesc}
	}
}

func fullMethod(m protoreflect.MethodDescriptor) string {
	return "/" + string(m.Parent().FullName()) + "/" + string(m.Name())
}

// allow says why a call may not be made, or nil.
func (p policy) allow(ctx context.Context, method string) error {
	name, err := caller(ctx)
	if err != nil {
		return status.Errorf(codes.Unauthenticated, "%v", err)
	}
	rule := p[method]
	if rule.anybody {
		return nil
	}
	if !slices.Contains(rule.callers, name) {
		return status.Errorf(codes.PermissionDenied, "%s may not call %s", name, method)
	}
	if _, ok := ctx.Deadline(); !ok {
		return status.Errorf(codes.InvalidArgument, "%s calls %s without a deadline", name, method)
	}
	return nil
}
