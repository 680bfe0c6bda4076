// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/mutualtls"
	"github.com/moorage-k8s/moorage/webhook"
)

// serveWebhook serves the webhook over HTTPS, to clients with a certificate of the configured authority where there is one. The handlers
// are registered with controller-runtime for its metrics; its server has no limits that could be set.
func serveWebhook(c *config.Webhook, hook *webhook.Webhook, serving *certificate, logger logr.Logger) (part, error) {
	address := c.BindAddress
	_, portText, err := net.SplitHostPort(address)
	if err != nil {
		return nil, listenError("webhook", address, err)
	}
	if port, atoi := strconv.Atoi(portText); atoi != nil || port < 1 || port > 65535 {
		return nil, listenError("webhook", address, errors.New("the port must be a number from 1 to 65535"))
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: serving.get, NextProtos: []string{"h2", "http/1.1"}}
	var authority *mutualtls.Clients
	if c.ClientCAFile != "" {
		if authority, err = mutualtls.NewClients(c.ClientCAFile, logger.WithName("webhook")); err != nil {
			return nil, fmt.Errorf("serve the webhook: %w", err)
		}
		authority.Require(secure)
	}
	clients := &drain{}
	handlers := ctrlwebhook.NewServer(ctrlwebhook.Options{})
	handlers.Register(webhook.MutatePath, clients.handler(hook.Mutate()))
	handlers.Register(webhook.ValidatePath, clients.handler(hook.Validate()))
	server, err := listenHTTP("webhook", address, secure, handlers.WebhookMux(), logger)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		both, ctx := errgroup.WithContext(ctx)
		both.Go(func() error { return serving.watch(ctx) })
		if authority != nil {
			both.Go(func() error {
				authority.Run(ctx)
				return nil
			})
		}
		serve, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		both.Go(func() error {
			<-ctx.Done()
			clients.wait()
			stop()
			return nil
		})
		both.Go(func() error { return server(serve) })
		return both.Wait()
	}, nil
}
