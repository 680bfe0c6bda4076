// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

const smallRequest = `{"Pod":{"metadata":{"name":"p","namespace":"ns"}},"NodeNames":["a"]}`

// TestSlowSendersKeepNobodyOut: connections that announce a body and send none take no slot.
func TestSlowSendersKeepNobodyOut(t *testing.T) {
	server := httptest.NewServer(newForFaults(t))
	t.Cleanup(server.Close)
	for range 4 * maxRequests {
		c, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		if _, err = fmt.Fprintf(c, "POST /filter HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		response, err := http.Post(server.URL+"/filter", "application/json", strings.NewReader(smallRequest))
		if err != nil {
			t.Fatal(err)
		}
		if _ = response.Body.Close(); response.StatusCode != http.StatusOK {
			t.Fatalf("status %d beside slow senders", response.StatusCode)
		}
	}
}

// TestLargePodsCostLittle: a pod with more volumes than anybody writes passes unread, before a structure is made of each.
func TestLargePodsCostLittle(t *testing.T) {
	e := newForFaults(t)
	for i, test := range []struct{ name, volumes string }{
		{"very many volumes", strings.TrimSuffix(strings.Repeat("{},", 2_000_000), ",")},
		{"very long names", `{"name":"` + strings.Repeat("x", 5<<20) + `"}`},
	} {
		body := `{"Pod":{"metadata":{"name":"p","namespace":"ns"},"spec":{"volumes":[` + test.volumes + `]}},"NodeNames":["a","b"]}`
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		status, answer := ask(e, "/filter", body)
		runtime.ReadMemStats(&after)
		if status != http.StatusOK || !strings.Contains(answer, `"NodeNames":["a","b"]`) {
			t.Errorf("%s: status %d, answer %s", test.name, status, answer)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 10*uint64(len(body)) {
			t.Errorf("%s: %d bytes were allocated for a body of %d", test.name, spent, len(body))
		}
		if got := testutil.ToFloat64(e.metrics.undecided.WithLabelValues("pod-too-large")); got != float64(i+1) {
			t.Errorf("%s: counted %v times, want %d", test.name, got, i+1)
		}
	}
	if got := testutil.ToFloat64(e.metrics.panics); got != 0 {
		t.Errorf("%v faults counted", got)
	}
}

// TestNobodyHasSoMany: more nodes or victims than there can be are refused before a structure is made of each.
func TestNobodyHasSoMany(t *testing.T) {
	many := func(item string, n int) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	e := newForFaults(t)
	for _, test := range []struct{ name, path, body, want string }{
		{"names", "/filter", `{"Pod":{},"NodeNames":[` + many(`""`, maxNodes+1) + `]}`, "there are more than 100000 nodes"},
		{"nodes", "/filter", `{"Pod":{},"Nodes":{"items":[` + many(`{}`, maxNodes+1) + `]}}`, "there are more than 100000 nodes"},
		{
			"candidates", "/preempt", `{"Pod":{},"NodeNameToMetaVictims":{` + many(`"a":null`, maxNodes+1) + `}}`,
			"there are more than 100000 nodes",
		},
		{
			"victims", "/preempt", `{"Pod":{},"nodenametovictims":{"a":{"pods":[` + many(`{}`, maxVictims/2) + `]},"b":{"Pods":[` +
				many(`null`, maxVictims/2+1) + `]}}}`, "there are more than 1000000 victims",
		},
	} {
		if status, answer := ask(e, test.path, test.body); status != http.StatusBadRequest || !strings.Contains(answer, test.want) {
			t.Errorf("%s: status %d, answer %s; want 400 with %q", test.name, status, answer, test.want)
		}
	}
}

// writer calls onWrite when the answer is written.
type writer struct {
	*httptest.ResponseRecorder
	onWrite func()
}

func (w writer) Write(data []byte) (int, error) {
	w.onWrite()
	return w.ResponseRecorder.Write(data)
}

// TestSlowReadersKeepNobodyOut: an answer that a client does not read holds no slot.
func TestSlowReadersKeepNobodyOut(t *testing.T) {
	e := newForFaults(t)
	written := false
	e.ServeHTTP(writer{httptest.NewRecorder(), func() {
		written = true
		if held := len(e.slots); held > 0 {
			t.Errorf("%d slots are held while the answer is written", held)
		}
	}}, httptest.NewRequest(http.MethodPost, "/filter", strings.NewReader(smallRequest)))
	if !written {
		t.Error("no answer")
	}
}
