package runtimeapi

import "time"

// An Event is one invocation as a function gets it: the body of /next and its
// headers.
type Event struct {
	RequestID     string
	ARN           string    // of what was invoked, with the qualifier it was invoked by
	Deadline      time.Time // when the function will be killed
	TraceID       string    // Root=…;Parent=…;Sampled=…, as AWS X-Ray writes it
	ClientContext string    // JSON; empty is none
	Identity      string    // Cognito's, JSON; empty is none
	Tenant        string
	ContentType   string // empty is application/json
	Payload       []byte
}

// A Reply is what a function made of an event.
type Reply struct {
	Payload     []byte
	ContentType string
	Failed      bool   // the payload is the function's error
	ErrorType   string // when the function named it
	TooLarge    bool   // the function answered with more than it may; there is no payload
}

// An Exchange is an event that a function is working on.
type Exchange struct {
	Event
	done  chan struct{}
	reply Reply
	lost  bool
}

// Done is closed when the function has answered, or when it no longer can.
func (x *Exchange) Done() <-chan struct{} { return x.done }

// Reply returns the answer, after Done; false when there is none because the
// process went away.
func (x *Exchange) Reply() (Reply, bool) { return x.reply, !x.lost }

// A Poll is a function that has asked for its next event and waits.
type Poll struct {
	server *Server
	event  chan *Exchange
	gone   bool // guarded by server.mu
}

// Give hands an event to the function; it can be called once. It returns false
// when the function has gone away.
func (p *Poll) Give(e Event) (*Exchange, bool) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	if p.gone || p.server.closed {
		return nil, false
	}
	x := &Exchange{Event: e, done: make(chan struct{})}
	p.gone = true
	p.server.running[e.RequestID] = x
	p.event <- x
	return x, true
}
