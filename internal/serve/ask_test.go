package serve

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{
		":9090":          "127.0.0.1:9090",
		"0.0.0.0:9090":   "127.0.0.1:9090",
		"[::]:9090":      "127.0.0.1:9090",
		"127.0.0.2:9090": "127.0.0.2:9090",
		"orders:9090":    "orders:9090",
		"fd:3":           "",
		"9090":           "",
	} {
		if got, err := Reachable(addr); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", addr, got, err, want)
		}
	}
}

func TestAskReady(t *testing.T) {
	mux := http.NewServeMux()
	var ready atomic.Bool
	ready.Store(true)
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	addr, _, _ := start(t, mux, nil)
	if err := AskReady(t.Context(), addr); err != nil {
		t.Errorf("ready: %v", err)
	}
	ready.Store(false)
	if err := AskReady(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("not ready: %v, want the status", err)
	}
	if err := AskReady(t.Context(), "127.0.0.1:1"); err == nil {
		t.Error("nobody there, and it is ready")
	}
}
