// Package porttest gives tests addresses at which nobody listens yet.
package porttest

import (
	"fmt"
	"net"
	"syscall"
	"testing"
)

// Addr returns an address of the loopback interface, host:port, for programs that
// t starts and ends there. Until one does, connections are refused. Nobody else
// is given the port before t ends: a socket that does not listen holds it, and
// lets through who asks for this port and no other.
func Addr(t testing.TB) string {
	t.Helper()
	fd, port, err := hold()
	if err != nil {
		t.Fatalf("hold a port: %v", err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
}

func hold() (fd, port int, err error) {
	syscall.ForkLock.RLock()
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fd)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return 0, 0, err
	}
	port, err = bind(fd)
	if err != nil {
		syscall.Close(fd)
	}
	return fd, port, err
}

// bind has the system choose a port. Listeners of Go set SO_REUSEADDR, too: one
// may bind what is bound, while nobody listens.
func bind(fd int) (port int, err error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, err
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, err
	}
	return at.(*syscall.SockaddrInet4).Port, nil
}
