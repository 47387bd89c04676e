package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"

	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/internal/rpc"
	"triptych/lab/launch"
	reportsv1 "triptych/proto/reports/v1"
)

// rebuildReports has the reports of the microservices be made again from the log
// of events.
func rebuildReports(ctx context.Context, args []string, out *screen) error {
	flags := flag.NewFlagSet("rebuild-reports", flag.ContinueOnError)
	data := flags.String("data", "", "")
	if err := parse(flags, args); err != nil {
		return err
	}
	folders, err := dataFolders(*data, microservices)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		addr, err := reportsAddr(folder)
		if err != nil {
			return err
		}
		if addr != "" {
			return rebuildAt(ctx, folder, addr, out)
		}
	}
	return errors.New("no microservices run here: go run ./cmd/triptych up microservices starts them")
}

// reportsAddr is where the reports service of a data folder serves; "" when none
// runs.
func reportsAddr(folder string) (string, error) {
	state, running, err := launch.ReadState(folder)
	if err != nil || !running {
		return "", err
	}
	i := slices.IndexFunc(state.Processes, func(p launch.Process) bool { return p.Name == "reports" })
	if i < 0 {
		return "", nil
	}
	return state.Processes[i].Addr, nil
}

func rebuildAt(ctx context.Context, folder, addr string, out *screen) error {
	operator, err := launch.Operator(folder)
	if err != nil {
		return err
	}
	conn, err := rpc.Dial(operator, "reports", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := reportsv1.NewReportsClient(conn).Rebuild(ctx, &emptypb.Empty{}); err != nil {
		return fmt.Errorf("rebuild the reports: %w", err)
	}
	out.print("The reports are being made again from the log of events; until that is done, they lack some.\n")
	return nil
}
