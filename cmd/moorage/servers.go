// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/topology"
)

// decisionsPath is where the last decisions are told.
const decisionsPath = "/debug/decisions"

const (
	// drainTime is how long requests under way may take when moorage is told to stop.
	drainTime = 10 * time.Second
	// readTime bounds a request from its first byte to its last: 5,000 whole nodes over a slow link.
	readTime   = 30 * time.Second
	headerTime = 5 * time.Second
	idleTime   = 2 * time.Minute
	// maxHeaderBytes is far more than a scheduler, an API server or Prometheus sends.
	maxHeaderBytes = 64 << 10
	// maxStreams bounds the requests that one connection of HTTP/2 has under way; the API server's own servers allow as many.
	maxStreams = 100
)

// listenHTTP opens the port at once, so that an error ends the start, and serves when the part runs: plain HTTP without a secure
// configuration.
func listenHTTP(name, address string, secure *tls.Config, handler http.Handler, logger logr.Logger) (part, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, listenError(name, address, err)
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: 2 * readTime, IdleTimeout: idleTime, TLSConfig: secure,
		MaxHeaderBytes: maxHeaderBytes, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		// Who is refused by TLS is told of here alone.
		ErrorLog: slog.NewLogLogger(logr.ToSlogHandler(logger.WithName(name)), slog.LevelInfo),
	}
	scheme, run := "http://", func() error { return server.Serve(listener) }
	if secure != nil {
		scheme, run = "https://", func() error { return server.ServeTLS(listener, "", "") }
	}
	return func(ctx context.Context) error {
		logger.Info("Serving", "what", name, "url", scheme+listener.Addr().String())
		stopped := make(chan error, 1)
		go func() { stopped <- run() }()
		select {
		case err := <-stopped:
			return fmt.Errorf("serve the %s on %s: %w", name, address, err)
		case <-ctx.Done():
		}
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		if err := server.Shutdown(drain); err != nil {
			return errors.Join(fmt.Errorf("stop the %s: %w", name, err), server.Close())
		}
		return nil
	}, nil
}

func listenError(name, address string, err error) error {
	return fmt.Errorf("listen on %s for the %s: %w; choose another address with --%s-bind-address, or 0 to switch it off", address, name, err, name)
}

// probes serves metrics and probes, and the last decisions where they are kept. Serving may be nil, where there is no webhook.
func probes(cache *topology.Cache, decisions *extender.Decisions, serving *certificate) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(newSharedGatherer(ctrlmetrics.Registry), promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes}))
	if decisions != nil {
		mux.Handle("GET "+decisionsPath, decisions)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		missing := cache.Missing()
		switch {
		case len(missing) > 0:
		case serving != nil && !serving.ready():
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
