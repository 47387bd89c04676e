// Web is a web server's handler that is a function: it counts, and each number
// is sent when it is reached.
package main

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambdaurl"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.HandleFunc("GET /count/{n}", count)
	lambdaurl.Start(mux)
}

func hello(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintln(w, "Hello! I count at count/3")
}

// count sends the numbers up to n, one in a second.
func count(w http.ResponseWriter, r *http.Request) {
	const most = 20
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || n > most {
		http.Error(w, fmt.Sprintf("count to a number from 1 to %d", most), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for i := range n {
		fmt.Fprintln(w, i+1)
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}
