// Command gateway is the shop's front door, the only service with a public
// port: it speaks the HTTP contract to clients and gRPC to the services behind
// it. It keeps nothing.
package main

import (
	"context"

	"google.golang.org/grpc"

	"triptych/api"
	"triptych/internal/service"
	"triptych/internal/token"
	"triptych/internal/version"
)

func main() { service.Main("gateway", run, service.HTTP) }

func run(ctx context.Context, s *service.Service) error {
	key := s.Env.Required("TOKEN_KEY")
	tokens, err := token.NewVerifier(key)
	if err != nil && key != "" {
		s.Env.Complain("TOKEN_KEY: %w", err)
	}
	to := map[string]*grpc.ClientConn{}
	for _, name := range behind {
		if to[name], err = s.Dial(name); err != nil {
			return err
		}
	}
	health := health(to)
	return s.ServeHTTP(ctx, api.Handler(newShop(to), api.Options{
		Architecture: "microservices",
		Version:      version.Number,
		Tokens:       tokens,
		Health:       health,
	}), health)
}
