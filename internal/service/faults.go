package service

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/internal/faults"
	rpcv1 "triptych/proto/rpc/v1"
)

// openFaults has faults be planted in a process whose FAULTS is on.
func (s *Service) openFaults() {
	switch value := s.Env.String("FAULTS", "off"); value {
	case "off":
	case "on":
		rpcv1.RegisterFaultsServer(s.Server, &switchboard{faults: faults.Enable()})
	default:
		s.Env.Complain(`FAULTS must be on or off, not %q`, value)
	}
}

// A switchboard is this process's, within the reach of tests.
type switchboard struct {
	rpcv1.UnimplementedFaultsServer
	faults *faults.Switchboard
}

var kinds = map[rpcv1.Fault]faults.Kind{
	rpcv1.Fault_FAULT_EXIT:        faults.Exit,
	rpcv1.Fault_FAULT_ERROR:       faults.Error,
	rpcv1.Fault_FAULT_STALL:       faults.Stall,
	rpcv1.Fault_FAULT_DUPLICATE:   faults.Duplicate,
	rpcv1.Fault_FAULT_EXIT_BEFORE: faults.ExitBefore,
}

// Plant implements rpcv1.FaultsServer.
func (b *switchboard) Plant(_ context.Context, r *rpcv1.PlantRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, b.faults.Plant(r.Point, kinds[r.Fault], r.Stall.AsDuration())
}

// Hits implements rpcv1.FaultsServer.
func (b *switchboard) Hits(context.Context, *emptypb.Empty) (*rpcv1.HitsResponse, error) {
	return &rpcv1.HitsResponse{Hits: b.faults.Hits()}, nil
}
