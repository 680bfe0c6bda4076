// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/moorage-k8s/moorage/internal/lease"
	"github.com/moorage-k8s/moorage/internal/servingcert"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook"
)

// newWebhook serves the webhook over HTTPS.
func (o *Options) newWebhook(cache *topology.Cache, serving servingcert.Source) (part, error) {
	metrics, err := webhook.NewMetrics(ctrlmetrics.Registry)
	if err != nil {
		return nil, err
	}
	ruleOptions, err := o.Config.RuleOptions()
	if err != nil {
		return nil, err
	}
	defaultOptions, err := o.Config.DefaultOptions()
	if err != nil {
		return nil, err
	}
	watch, err := o.watchScheduler()
	if err != nil {
		return nil, err
	}
	if watch != nil {
		defaultOptions.Settings.SchedulerReady = watch.Fresh
	}
	hook, err := webhook.New(webhook.Options{
		Lookup: func() *topology.Snapshot {
			if len(cache.Missing()) > 0 {
				return nil
			}
			return cache.Snapshot()
		},
		Rules:    ruleOptions,
		Defaults: defaultOptions,
		Metrics:  metrics,
		Logger:   o.Logger.WithName("webhook"),
	})
	if err != nil {
		return nil, err
	}
	server, err := o.serveWebhook(hook, serving)
	if err != nil || watch == nil {
		return server, err
	}
	return func(ctx context.Context) error {
		var watching sync.WaitGroup
		defer watching.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		watching.Go(func() { watch.Run(ctx) })
		return server(ctx)
	}, nil
}

// serveWebhook serves it to clients with a certificate of the configured authority where there is one. The handlers are registered with
// controller-runtime for its metrics; its server has no limits that could be set.
func (o *Options) serveWebhook(hook *webhook.Webhook, serving servingcert.Source) (part, error) {
	c := &o.Config.Webhook
	_, portText, err := net.SplitHostPort(c.BindAddress)
	if err != nil {
		return nil, listenError("webhook", c.BindAddress, err)
	}
	if port, atoi := strconv.Atoi(portText); atoi != nil || port < 1 || port > 65535 {
		return nil, listenError("webhook", c.BindAddress, errors.New("the port must be a number from 1 to 65535"))
	}
	clients := &drain{}
	handlers := ctrlwebhook.NewServer(ctrlwebhook.Options{})
	handlers.Register(webhook.MutatePath, clients.handler(hook.Mutate()))
	handlers.Register(webhook.ValidatePath, clients.handler(hook.Validate()))
	return endpoint{
		name: "webhook", address: c.BindAddress, source: serving, clientCAFile: c.ClientCAFile, handler: handlers.WebhookMux(),
		quiet: clients.wait, logger: o.Logger,
	}.listen()
}

// watchScheduler watches whether the scheduler that pods are sent to is there; nil if no Lease is configured.
func (o *Options) watchScheduler() (*lease.Watch, error) {
	s := o.Config.Webhook.SchedulerName
	if s == nil || s.Lease == nil {
		return nil, nil
	}
	if len(o.From) > 0 {
		return nil, errors.New("webhook.schedulerName.lease: with --from there is no API server to read it from")
	}
	access, err := o.Cluster()
	if err != nil {
		return nil, err
	}
	watch := lease.New(access.Client, s.Lease.Namespace, s.Lease.Name, o.Logger.WithName("lease"))
	if err := ctrlmetrics.Registry.Register(watch); err != nil {
		return nil, fmt.Errorf("register the metric of the scheduler's lease: %w", err)
	}
	return watch, nil
}
