// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	extenderv1 "k8s.io/kube-scheduler/extender/v1"
)

// noOp is an extender without an opinion.
type noOp struct {
	url    string
	server *http.Server
	served chan error
}

// startNoOp serves the extender on loopback.
func startNoOp() (*noOp, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the extender without an opinion: %w", err)
	}
	mux := http.NewServeMux()
	answer(mux, "/filter", func(args *extenderv1.ExtenderArgs) any {
		return &extenderv1.ExtenderFilterResult{NodeNames: args.NodeNames}
	})
	answer(mux, "/prioritize", func(args *extenderv1.ExtenderArgs) any {
		scores := make(extenderv1.HostPriorityList, len(*args.NodeNames))
		for i, name := range *args.NodeNames {
			scores[i].Host = name
		}
		return scores
	})
	answer(mux, "/preempt", func(args *extenderv1.ExtenderPreemptionArgs) any {
		return &extenderv1.ExtenderPreemptionResult{NodeNameToMetaVictims: args.NodeNameToMetaVictims}
	})
	n := &noOp{
		url:    "http://" + listener.Addr().String(),
		server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second},
		served: make(chan error, 1),
	}
	go func() { n.served <- n.server.Serve(listener) }()
	return n, nil
}

func answer[T any](mux *http.ServeMux, path string, f func(*T) any) {
	mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		var args T
		if err := json.NewDecoder(r.Body).Decode(&args); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(f(&args)) // a scheduler that has gone needs no answer
	})
}

func (n *noOp) stop(ctx context.Context) error {
	err := n.server.Shutdown(ctx)
	if serveErr := <-n.served; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}
