package launch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"triptych/internal/kafka"
	"triptych/internal/rpc"
)

// readyTimeout is how long everything may take to be ready once it is built. On a
// machine that has little else to do it takes two seconds.
const readyTimeout = 30 * time.Second

// askTimeout is how long one question may take: until a program serves, an
// inherited port only takes calls.
const askTimeout = 500 * time.Millisecond

// awaitReady asks the program until it says that it is ready, or has ended.
func (r *Running) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		if r.isReady(ctx) {
			return nil
		}
		select {
		case <-again.C:
		case <-r.program.Done():
			return errors.New(r.LastWords())
		case <-ctx.Done():
			return fmt.Errorf("the program was not ready within %s; its log is %s", readyTimeout, r.LogFile)
		}
	}
}

// isReady asks the shop.
func (s *Shop) isReady(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", s.URL+"/readyz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// isHealthy asks a service.
func isHealthy(ctx context.Context, id *rpc.Identity, name, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if !listens(ctx, addr) {
		return false // asking it would cost more
	}
	conn, err := rpc.Dial(id, name, addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	return rpc.Health(ctx, conn) == nil
}

func listens(ctx context.Context, addr string) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// answers asks a broker.
func answers(ctx context.Context, brokers string) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	client, err := kafka.Open(brokers)
	if err != nil {
		return false
	}
	defer client.Close()
	return client.Ping(ctx) == nil
}

// Ports of the services are looked for below those that systems give to
// connections on their way out: such a one would be in the way of a service that
// is started again.
const (
	firstPort = 15_000
	lastPort  = 32_000
)

// FreeAddr returns an address of the loopback interface that nobody listens on,
// and that no other shop of this user is given until release is called: theirs may
// be starting, too.
func FreeAddr() (addr string, release func(), err error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		name := filepath.Join(os.TempDir(), fmt.Sprintf("triptych-%d-port-%d", os.Getuid(), port))
		fd, lockErr := flock(name, syscall.O_CREAT)
		if lockErr != nil {
			err = lockErr
			continue
		}
		release = func() { _ = os.Remove(name); syscall.Close(fd) }
		addr = fmt.Sprintf("127.0.0.1:%d", port)
		l, listenErr := net.Listen("tcp", addr)
		if listenErr == nil {
			return addr, release, l.Close()
		}
		release()
		err = listenErr
	}
	return "", nil, fmt.Errorf("there is no free port: %w", err)
}

// LastWords is why the program ended: the last that it said, in one line, or the signal
// that gave it no time to say anything.
func (r *Running) LastWords() string {
	log, err := os.ReadFile(r.LogFile)
	if err != nil {
		return err.Error()
	}
	return lastWords("monolith", strings.Split(strings.TrimSpace(string(log)), "\n"), r.program.Wait())
}
