// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"

	"github.com/moorage-k8s/moorage/internal/servingcert"
)

const (
	// drainTime is how long requests under way may take when moorage is asked to stop.
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

// endpoint is a server that is to be.
type endpoint struct {
	name, address string
	// source is nil for plain HTTP. Without clientCAFile clients need no certificate.
	source       servingcert.Source
	clientCAFile string
	handler      http.Handler
	// quiet, if it is not nil, is called before the server stops, and returns when it may.
	quiet  func()
	logger logr.Logger
}

// listen opens the port at once, so that an error ends the start, and serves when the part runs.
func (e endpoint) listen() (part, error) {
	var clients *servingcert.Clients
	if e.clientCAFile != "" {
		var err error
		if clients, err = servingcert.NewClients(e.clientCAFile, e.logger.WithName(e.name)); err != nil {
			return nil, fmt.Errorf("serve the %s: %w", e.name, err)
		}
	}
	listener, err := net.Listen("tcp", e.address)
	if err != nil {
		return nil, listenError(e.name, e.address, err)
	}
	server := &http.Server{
		Handler: e.handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: 2 * readTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeaderBytes, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		// Clients that TLS rejects are logged here alone.
		ErrorLog: slog.NewLogLogger(logr.ToSlogHandler(e.logger.WithName(e.name)), slog.LevelInfo),
	}
	if e.source == nil {
		return func(ctx context.Context) error {
			return e.run(ctx, server, "http://"+listener.Addr().String(), func() error { return server.Serve(listener) })
		}, nil
	}
	server.TLSConfig = servingcert.Config(e.source, clients)
	return func(ctx context.Context) error {
		all, ctx := errgroup.WithContext(ctx)
		all.Go(func() error { return e.source.Run(ctx) })
		if clients != nil {
			all.Go(func() error {
				clients.Run(ctx)
				return nil
			})
		}
		all.Go(func() error {
			return e.run(ctx, server, "https://"+listener.Addr().String(), func() error { return server.ServeTLS(listener, "", "") })
		})
		return all.Wait()
	}, nil
}

// run serves until the context ends, and then lets requests under way come to their end.
func (e endpoint) run(ctx context.Context, server *http.Server, url string, serve func() error) error {
	e.logger.Info("Serving", "what", e.name, "url", url)
	stopped := make(chan error, 1)
	go func() { stopped <- serve() }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serve the %s on %s: %w", e.name, e.address, err)
	case <-ctx.Done():
	}
	if e.quiet != nil {
		e.quiet()
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return errors.Join(fmt.Errorf("stop the %s: %w", e.name, err), server.Close())
	}
	return nil
}

func listenError(name, address string, err error) error {
	return fmt.Errorf("listen on %s for the %s: %w; choose another address with --%s-bind-address, or 0 to switch it off", address, name, err, name)
}
