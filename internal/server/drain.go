// SPDX-License-Identifier: Apache-2.0

package server

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// quietTime is how long nobody has to have asked before a server stops.
	quietTime = time.Second
	// quietLimit is how long a server that is to stop waits for that.
	quietLimit = 5 * time.Second
)

// drain sends the clients of a server that is to stop elsewhere before it does. A server that stops closes connections which are idle at the
// moment, while a client may just be sending its next request on one: the API server, which keeps its connections, counts that as a failed
// admission and does not try again. So each answer first says that its connection ends with it.
type drain struct {
	stopping atomic.Bool
	last     atomic.Int64 // when a request began or ended, in nanoseconds since 1970
}

// handler counts the requests to next, and ends their connections while the server is to stop.
func (d *drain) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked()
		defer d.asked()
		if d.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func (d *drain) asked() { d.last.Store(time.Now().UnixNano()) }

// wait returns once nobody has asked for a second, or after five.
func (d *drain) wait() {
	d.stopping.Store(true)
	limit := time.Now().Add(quietLimit)
	for {
		until := time.Unix(0, d.last.Load()).Add(quietTime)
		if limit.Before(until) {
			until = limit
		}
		left := time.Until(until)
		if left <= 0 {
			return
		}
		<-time.After(left)
	}
}
