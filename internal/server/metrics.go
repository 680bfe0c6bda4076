// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/internal/reserved"
	"github.com/moorage-k8s/moorage/internal/servingcert"
	"github.com/moorage-k8s/moorage/topology"
)

// probes serves metrics and probes, and the last decisions where they are kept. Serving may be nil, where there is no webhook.
func probes(cache *topology.Cache, log *decisions.Log, serving servingcert.Source) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(newSharedGatherer(ctrlmetrics.Registry), promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}))
	mux.Handle("GET "+reserved.Path, reserved.Handler(cache.Snapshot, cache.Missing))
	if log != nil {
		mux.Handle("GET "+decisions.Path, log)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		missing := cache.Missing()
		switch {
		case len(missing) > 0:
		case serving != nil && !serving.Ready():
			http.Error(w, "there is no certificate to serve the webhook with yet; the log says why", http.StatusServiceUnavailable)
			return
		default:
			_, _ = fmt.Fprintln(w, "ok")
			return
		}
		names := make([]string, len(missing))
		for i, kind := range missing {
			names[i] = string(kind)
		}
		http.Error(w, "the cluster has not been read in full; still missing: "+strings.Join(names, ", "), http.StatusServiceUnavailable)
	})
	return mux
}
