package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"triptych/faas/function"
)

// rivals are what the runner is held against: this program, started by itself
// with one of these as its first argument.
var rivals = map[string]func(ctx context.Context, args []string) error{
	"echo":    echo,
	"minimal": minimal,
}

// echo says back what it is told, and does nothing else: no HTTP server of
// net/http answers sooner.
func echo(ctx context.Context, _ []string) error {
	return serveHTTP(ctx, func(string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body := make([]byte, max(0, r.ContentLength))
			if _, err := io.ReadFull(r.Body, body); err != nil {
				return
			}
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			_, _ = w.Write(body)
		})
	})
}

func serveHTTP(ctx context.Context, handler func(addr string) http.Handler) error {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: handler(l.Addr().String())}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	fmt.Printf("serving http://%s\n", l.Addr())
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// minimal is the least that runs a function: Invoke in front, the Runtime API
// behind, both of net/http in one process, and os/exec. It looks at nothing,
// logs nothing, limits nothing and keeps no function from the machine.
//
// Its arguments are "cold", to start a process for every event, or how many to
// start at once and keep; and the command of the function.
func minimal(ctx context.Context, args []string) error {
	m := &minimum{command: args[1:], events: make(chan *work), works: map[string]*work{}}
	m.keep, _ = strconv.Atoi(args[0])
	defer m.end()
	return serveHTTP(ctx, func(addr string) http.Handler {
		m.addr = addr
		mux := http.NewServeMux()
		mux.HandleFunc("POST /2015-03-31/functions/{name}/invocations", m.invoke)
		mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", m.next)
		mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", m.response)
		return mux
	})
}

type minimum struct {
	command []string
	keep    int
	addr    string
	events  chan *work

	mu        sync.Mutex
	processes []*exec.Cmd
	works     map[string]*work
	last      int
}

// A work is an event on its way.
type work struct {
	id     string
	event  []byte
	answer chan []byte
}

func (m *minimum) invoke(w http.ResponseWriter, r *http.Request) {
	event := make([]byte, max(0, r.ContentLength))
	if _, err := io.ReadFull(r.Body, event); err != nil {
		return
	}
	cmd, err := m.start()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	x := &work{event: event, answer: make(chan []byte, 1)}
	m.mu.Lock()
	m.last++
	x.id = strconv.Itoa(m.last)
	m.works[x.id] = x
	m.mu.Unlock()
	select {
	case m.events <- x:
	case <-r.Context().Done():
		return
	}
	answer := <-x.answer
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer)
	if cmd != nil {
		go end(cmd) // beside the answer, as an instance that is idle too long
	}
}

// start starts a process for this event, or, at the first, those that are kept.
func (m *minimum) start() (*exec.Cmd, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keep == 0 {
		return m.spawn()
	}
	for len(m.processes) < m.keep {
		cmd, err := m.spawn()
		if err != nil {
			return nil, err
		}
		m.processes = append(m.processes, cmd)
	}
	return nil, nil
}

// spawn starts a process with as many processors as the runner gives a
// function of the least memory.
func (m *minimum) spawn() (*exec.Cmd, error) {
	cmd := exec.Command(m.command[0], m.command[1:]...)
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + m.addr, "AWS_LAMBDA_FUNCTION_NAME=hello", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"GOMAXPROCS=" + strconv.Itoa(function.CPUs(128)), "PATH=/usr/local/bin:/usr/bin:/bin",
	}
	return cmd, cmd.Start()
}

// end asks a process to end, as a docker client must be asked, or its container
// stays.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	late.Stop()
}

func (m *minimum) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, cmd := range m.processes {
		end(cmd)
	}
}

func (m *minimum) next(w http.ResponseWriter, r *http.Request) {
	select {
	case x := <-m.events:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", x.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10))
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(x.event)))
		_, _ = w.Write(x.event)
	case <-r.Context().Done():
	}
}

func (m *minimum) response(w http.ResponseWriter, r *http.Request) {
	answer, err := io.ReadAll(r.Body)
	m.mu.Lock()
	x := m.works[r.PathValue("id")]
	delete(m.works, r.PathValue("id"))
	m.mu.Unlock()
	if x == nil || err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	x.answer <- answer
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`+"\n")
}
