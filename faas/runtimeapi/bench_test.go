package runtimeapi

import (
	"bufio"
	"testing"
	"time"
)

// BenchmarkEvent is one event and its answer over one connection, as
// aws-lambda-go sends it, by both ways of serving it. On a busy machine only
// the two together say something.
func BenchmarkEvent(b *testing.B) {
	for name, byHTTP := range map[string]bool{"by hand": false, "by net http": true} {
		b.Run(name, func(b *testing.B) {
			s, polls := open(b, 1, byHTTP)
			c := connect(b, s)
			_ = c.SetDeadline(time.Time{})
			answer := []byte(crlf("POST /2018-06-01/runtime/invocation/" + id + "/response HTTP/1.1\nHost: 127.0.0.1:9001\nUser-Agent: aws-lambda-go/go1.26\n" +
				"Transfer-Encoding: chunked\nContent-Type: application/json\nTrailer: Lambda-Runtime-Function-Error-Body,Lambda-Runtime-Function-Error-Type\nAccept-Encoding: gzip\n\n" +
				"1c\n{\"greeting\":\"Hello, Ada!!!\"}\n0\n\n"))
			poll := []byte(crlf("GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: 127.0.0.1:9001\nUser-Agent: aws-lambda-go/go1.26\nAccept-Encoding: gzip\n\n"))
			go func() {
				for {
					if _, err := c.Write(poll); err != nil {
						return
					}
					if skip(c.in) != nil {
						return
					}
					if _, err := c.Write(answer); err != nil {
						return
					}
					if skip(c.in) != nil {
						return
					}
				}
			}()
			b.ReportAllocs()
			for b.Loop() {
				x, ok := (<-polls).Give(recorded)
				if !ok {
					b.Fatal("the event was not taken")
				}
				<-x.Done()
			}
			b.StopTimer()
			s.Close()
		})
	}
}

// skip reads an answer, with as little as can be.
func skip(in *bufio.Reader) error {
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if n, ok := number(line, "Content-Length: "); ok {
			length = n
		}
	}
	_, err := in.Discard(length)
	return err
}

func number(line []byte, name string) (n int, ok bool) {
	if len(line) < len(name) || string(line[:len(name)]) != name {
		return 0, false
	}
	for _, c := range line[len(name):] {
		if c >= '0' && c <= '9' {
			n = n*10 + int(c-'0')
		}
	}
	return n, true
}
