// Package rpc is how services call each other: gRPC with mutual TLS, deadlines
// that are required and passed on, retries where they are safe, faults that
// cross the wire intact, and a list, in the .proto files, of who may call what.
package rpc

import "time"

// maxMessage is the largest message that is received. What is larger goes in
// pieces, as a stream.
const maxMessage = 4 << 20

// bufferSize is what a connection reads and writes at a time, instead of 32 KiB:
// messages are small, and nine processes hold dozens of connections.
const bufferSize = 8 << 10

// How much may be on its way to who has not read it yet. By default gRPC finds
// this out for itself, by a ping with each message that it takes, which is
// answered: that doubles what small calls write and read.
const (
	streamWindow = 256 << 10
	connWindow   = 1 << 20
)

// Both sides must agree on keepalive: a server that is asked more often than it
// allows hangs up ("too_many_pings"), and by default it allows it every five
// minutes. (https://github.com/grpc/grpc/blob/master/doc/keepalive.md)
const (
	pingAfter   = 20 * time.Second // a client hears nothing for so long and asks
	pingTimeout = 5 * time.Second  // and takes the connection for lost after this
	pingAllowed = 10 * time.Second
)
