package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"triptych/internal/rpc"
	"triptych/internal/serve"
)

// needed lists the services without which the gateway should get no requests:
// those of browsing and checkout. Others that are lost make their own requests
// answer 503; were all of them needed, each could take the whole shop away.
var needed = []string{"accounts", "catalogue", "stock", "orders"}

// health asks the services that are needed how they are.
func health(to map[string]*grpc.ClientConn) *serve.Health {
	return &serve.Health{Check: func(ctx context.Context) error {
		g, ctx := errgroup.WithContext(ctx)
		for _, name := range needed {
			g.Go(func() error {
				if err := rpc.Health(ctx, to[name]); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				return nil
			})
		}
		return g.Wait()
	}}
}
