package main

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"

	"triptych/internal/serve"
)

// follow reads what a stream tells of a thing until the stream ends, which is
// when the thing is final, for at most wait or until this server is about to
// end. It returns the last that was told, nil if nothing was. The error says
// that the stream broke before any of that: the thing may have moved since.
func follow[T any](ctx context.Context, wait time.Duration, watch func(context.Context) (grpc.ServerStreamingClient[T], error)) (last *T, err error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	go func() { // ends with ctx
		select {
		case <-serve.Stopping(ctx):
			cancel()
		case <-ctx.Done():
		}
	}()
	stream, err := watch(ctx)
	for err == nil {
		var next *T
		if next, err = stream.Recv(); err == nil {
			last = next
		}
	}
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		err = nil
	}
	return last, err
}

// pieceSize is how much of a file is sent in one message.
const pieceSize = 64 << 10

// upload sends a file in pieces, as it comes, and returns the service's answer.
// When the file cannot be read, that is the error, and ctx, the stream's, has
// to end for the service to hear of it.
func upload[Q, A any](stream grpc.ClientStreamingClient[Q, A], file io.Reader, wrap func(piece []byte) *Q) (*A, error) {
	for {
		piece, end := nextPiece(file)
		if end != nil && !errors.Is(end, io.EOF) {
			return nil, end
		}
		if len(piece) > 0 {
			if stream.Send(wrap(piece)) != nil {
				break // the service has answered without the rest
			}
		}
		if end != nil {
			break
		}
	}
	return stream.CloseAndRecv()
}

// nextPiece reads until a piece is full or there is an error. The piece is new,
// as one that was sent may still be looked at.
func nextPiece(file io.Reader) ([]byte, error) {
	piece, n := make([]byte, pieceSize), 0
	for n < len(piece) {
		m, err := file.Read(piece[n:])
		n += m
		if err != nil {
			return piece[:n], err
		}
	}
	return piece, nil
}
