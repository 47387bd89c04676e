package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// callStream is between every caller of a stream and the network. The deadline
// is passed on as it is: what a stream has told was heard already.
func callStream(ctx context.Context, desc *grpc.StreamDesc, c *grpc.ClientConn, method string, open grpc.Streamer, o ...grpc.CallOption) (grpc.ClientStream, error) {
	within, cancel := ctx, context.CancelFunc(func() {})
	if _, ok := ctx.Deadline(); !ok {
		within, cancel = context.WithTimeout(ctx, streamTimeout)
	}
	s, err := open(within, desc, c, method, o...)
	if err != nil {
		cancel()
		return nil, received(ctx, method, err)
	}
	return &clientStream{s, ctx, method, !desc.ServerStreams, cancel}, nil
}

// clientStream is a stream whose errors are faults, and that lets go of its
// deadline when it ends. One that is given up before its end holds on to it
// until it has passed.
type clientStream struct {
	grpc.ClientStream
	ctx    context.Context // of the caller
	method string
	single bool // there is one answer, and it is the end
	cancel context.CancelFunc
}

// RecvMsg receives a message. io.EOF is the good end, and no error.
func (s *clientStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err != nil || s.single {
		s.cancel()
	}
	return s.seen(err)
}

// SendMsg sends a message. io.EOF says that the server has ended the stream;
// why, RecvMsg knows.
func (s *clientStream) SendMsg(m any) error { return s.seen(s.ClientStream.SendMsg(m)) }

// CloseSend says that no message follows.
func (s *clientStream) CloseSend() error { return s.seen(s.ClientStream.CloseSend()) }

// Header waits for what the server sends before its first message.
func (s *clientStream) Header() (metadata.MD, error) {
	h, err := s.ClientStream.Header()
	return h, s.seen(err)
}

func (s *clientStream) seen(err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return received(s.ctx, s.method, err)
}
