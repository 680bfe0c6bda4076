// SPDX-License-Identifier: Apache-2.0

// Package server puts serve together: what feeds the cache, and the servers that answer from it (extender, webhook, metrics and probes).
//
// It must not know how a rule or a predicate decides.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/extender/heldback"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/kubeconfig"
	"github.com/moorage-k8s/moorage/internal/servingcert"
	"github.com/moorage-k8s/moorage/internal/version"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Options are what is served, from what.
type Options struct {
	Config *config.Configuration
	// From are files and directories of manifests, and - for Stdin, that describe the cluster in place of an API server. They are read again
	// on each value of Reload.
	From   []string
	Stdin  io.Reader
	Reload <-chan os.Signal
	// Cluster finds the API server.
	Cluster func() (*kubeconfig.Access, error)
	// CertNames are further host names and IP addresses for the webhook's certificate, where moorage makes it. CAOut is a file for the
	// certificate of an authority in memory; empty writes none.
	CertNames []string
	CAOut     string
	Logger    logr.Logger
}

// Server is everything that serve runs.
type Server struct {
	parts  []part
	cache  *topology.Cache
	logger logr.Logger
}

// part is something that runs until its context ends.
type part func(ctx context.Context) error

// New opens the ports, and reads the manifests if the cluster is described by them, which takes as long as they are large.
func New(o Options) (*Server, error) {
	engine, err := placement.NewEngine(o.Config.Placement())
	if err != nil {
		return nil, fmt.Errorf("configure the extender: %w", err)
	}
	cache := topology.New(topology.Options{
		ReservationLimit: o.Config.Extender.ReservationLimit.Duration, InFlightLimit: o.Config.Extender.InFlightLimit.Duration,
		NamespaceShare: float64(o.Config.Extender.ReservedPercentOfNamespace) / 100, Families: o.Config.Extender.BalanceBy,
		Fault: func(err *topology.FaultError) {
			o.Logger.Error(err, "A fault in moorage; please report it", "kind", err.Kind, "namespace", err.Key.Namespace, "name", err.Key.Name,
				"stack", string(err.Stack))
		},
	})
	for _, metrics := range []prometheus.Collector{cache, BuildInfo(o.Config)} {
		if err = ctrlmetrics.Registry.Register(metrics); err != nil {
			return nil, fmt.Errorf("register the metrics of the cache and of the build: %w", err)
		}
	}
	parts, err := o.newServers(cache, engine)
	if err != nil {
		return nil, err
	}
	source, err := o.newSource(cache)
	if err != nil {
		return nil, err
	}
	return &Server{append(parts, source), cache, o.Logger}, nil
}

// newServers makes the servers that are not switched off.
func (o *Options) newServers(cache *topology.Cache, engine *placement.Engine) ([]part, error) {
	var parts []part
	log := decisions.New(o.Config.Extender.Decisions)
	if o.Config.Extender.BindAddress != config.Off {
		var held *heldback.Log
		if o.Config.Autoscaler.Events {
			held = heldback.New()
			teller, err := o.newTeller(cache, engine, held)
			if err != nil {
				return nil, err
			}
			parts = append(parts, teller)
		}
		server, err := o.newExtender(cache, engine, log, held)
		if err != nil {
			return nil, err
		}
		parts = append(parts, server)
	}
	var serving servingcert.Source
	if o.Config.Webhook.BindAddress != config.Off {
		var err error
		if serving, err = o.newCertificate(); err != nil {
			return nil, err
		}
		server, err := o.newWebhook(cache, serving)
		if err != nil {
			return nil, err
		}
		parts = append(parts, server)
		if o.Config.Autoscaler.TemplateCapacity != nil {
			writer, err := o.newTemplateCapacity(cache)
			if err != nil {
				return nil, err
			}
			parts = append(parts, writer)
		}
	}
	if address := o.Config.Metrics.BindAddress; address != config.Off {
		server, err := endpoint{name: "metrics", address: address, handler: probes(cache, log, serving), logger: o.Logger}.listen()
		if err != nil {
			return nil, err
		}
		parts = append(parts, server)
	}
	if len(parts) == 0 {
		return nil, errors.New("nothing to serve: extender, webhook and metrics are all switched off")
	}
	return parts, nil
}

// Run serves until the context ends, which is not an error, or a part of it fails.
func (s *Server) Run(ctx context.Context) error {
	s.logger.Info("Starting", "version", version.Get().Version)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	for _, part := range s.parts {
		running.Go(func() {
			if err := part(ctx); err != nil {
				cancel(err)
			}
		})
	}
	start := time.Now()
	running.Go(func() { announceSync(ctx, s.cache, start, s.logger) })
	<-ctx.Done()
	s.logger.Info("Stopping")
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}
