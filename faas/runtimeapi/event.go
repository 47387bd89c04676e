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

	Stream *Stream // takes the answer while it comes; nil has Reply take it whole
}

// A Reply is what a function made of an event.
type Reply struct {
	Payload     []byte // nil when it was streamed
	ContentType string
	Failed      bool   // the payload is the function's error
	ErrorType   string // when the function named it
	TooLarge    bool   // the function answered with more than it may; there is no payload
}

// An Exchange is an event that a function is working on.
type Exchange struct {
	Event
	done    chan struct{}
	reply   Reply
	lost    bool
	claimed bool // an answer is being read, or was spoilt; guarded by Server.mu
}

// Done is closed when the function has answered, or when it no longer can.
func (x *Exchange) Done() <-chan struct{} { return x.done }

// Reply returns the answer, after Done; false when there is none because the
// process went away, or did not take the event.
func (x *Exchange) Reply() (Reply, bool) { return x.reply, !x.lost }

// A Poll is a function that has asked for its next event and waits.
type Poll struct {
	server *Server
	taker  taker

	// Guarded by server.mu.
	over  bool // given, or gone
	given *Exchange
	ended chan struct{} // closed then, when somebody waits for that
}

// A taker is what waits behind a poll.
type taker interface {
	// reserve is called with the server locked. It returns false when no event
	// can be taken.
	reserve() bool
	// take sends an event to the function. It does not wait for the function,
	// and returns false when that cannot get it.
	take(x *Exchange) bool
}

// Give hands an event to the function; it can be called once, and does not
// wait for the function to read it. It returns false when the function has gone
// away.
func (p *Poll) Give(e Event) (*Exchange, bool) {
	s := p.server
	s.mu.Lock()
	if p.over || s.closed {
		s.mu.Unlock()
		return nil, false
	}
	p.end()
	if !p.taker.reserve() {
		s.mu.Unlock()
		return nil, false
	}
	x := &Exchange{Event: e, done: make(chan struct{})}
	p.given = x
	s.running[e.RequestID] = x
	s.mu.Unlock()
	if !p.taker.take(x) {
		s.lose(x)
		return nil, false
	}
	return x, true
}
