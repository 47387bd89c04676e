package serve

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// AskReady asks the server that was told to listen at addr, on this machine,
// whether it is ready: how a program in a container asks itself how it is.
func AskReady(ctx context.Context, addr string) error {
	addr, err := Reachable(addr)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", answer.Status)
	}
	return nil
}

// Reachable returns where a server that listens at addr can be reached from the
// same machine.
func Reachable(addr string) (string, error) {
	if strings.HasPrefix(addr, "fd:") {
		return "", fmt.Errorf("%s is known to the running process alone", addr)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
