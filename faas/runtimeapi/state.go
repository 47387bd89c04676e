package runtimeapi

// What a function may do when, and what becomes of its events: the same for
// both ways of serving it.
//
// Source: the state machine of the AWS runtime interface emulator.

// poll notes that the function has asked for an event. It returns neither a
// poll nor a refusal when the server is closed.
func (s *Server) poll(by taker) (*Poll, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil
	}
	if len(s.running) >= s.slots {
		return nil, errNext
	}
	p := &Poll{server: s, taker: by}
	s.polls[p] = struct{}{}
	if !s.polled && s.initError == nil {
		close(s.ready)
	}
	s.polled = true
	return p, nil
}

// withdraw is told that who asked has gone. It returns the event that was given
// before, if any.
func (s *Server) withdraw(p *Poll) (given *Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.over {
		p.end()
	}
	return p.given
}

// wait returns when a poll is over.
func (s *Server) wait(p *Poll) {
	s.mu.Lock()
	if p.over {
		s.mu.Unlock()
		return
	}
	p.ended = make(chan struct{})
	s.mu.Unlock()
	<-p.ended
}

// end is called with the server locked.
func (p *Poll) end() {
	p.over = true
	delete(p.server.polls, p)
	if p.ended != nil {
		close(p.ended)
	}
}

// beside does something that Close waits for. It returns false when the server
// is closed.
func (s *Server) beside(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.served.Go(f)
	}
	return !s.closed
}

// claim begins the answer of a request id: nil when no such event is under
// way, or when it is being answered. End it with settle or disclaim.
func (s *Server) claim(id string) *Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.running[id]
	if x == nil || x.claimed {
		return nil
	}
	x.claimed = true
	return x
}

// disclaim is the end of an answer that broke off. Of one that was streamed a
// part is gone already: there cannot be another.
func (s *Server) disclaim(x *Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.Stream != nil && x.Stream.HasBegun() {
		x.Stream.Break()
		return
	}
	x.claimed = false
}

// settle is the end of an answer. It returns false when it comes too late.
func (s *Server) settle(x *Exchange, r Reply) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[x.RequestID] != x {
		return false
	}
	s.finish(x, r, false)
	return true
}

// lose ends an exchange of which the function will never hear.
func (s *Server) lose(x *Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[x.RequestID] == x {
		s.finish(x, Reply{}, true)
	}
}

func (s *Server) finish(x *Exchange, r Reply, lost bool) {
	delete(s.running, x.RequestID)
	x.reply, x.lost = r, lost
	x.Stream.finish(r, lost)
	close(x.done)
}

// failInit notes what the function said of its failed initialisation. It
// returns false when it has already asked for an event.
func (s *Server) failInit(r Reply) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polled {
		return false
	}
	if s.initError == nil {
		s.initError = &r
		close(s.ready)
	}
	return true
}

func (s *Server) register() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registered = true
}
