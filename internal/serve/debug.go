package serve

import (
	"context"
	"fmt"
	"net/http"
	"net/http/pprof"
)

// Debug serves profiles of the process at addr, the value of DEBUG_ADDR, until
// ctx is done. Keep it on loopback.
func Debug(ctx context.Context, addr string) error {
	l, err := Listen(ctx, addr)
	if err != nil {
		return fmt.Errorf("DEBUG_ADDR: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return HTTP(ctx, l, mux, nil)
}
