// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/internal/certs"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/mutualtls"
)

// newExtenderServer serves the extender: over HTTPS where it has a certificate, to anybody where clients need none.
func newExtenderServer(c *config.Extender, handler http.Handler, logger logr.Logger) (part, error) {
	if c.ClientCAFile == "" && !loopbackOnly(c.BindAddress) {
		logger.Info("The extender answers whoever can reach it: let in only who has a certificate with --extender-cert-file and "+
			"--extender-client-ca-file, or have it listen on 127.0.0.1 beside kube-scheduler", "address", c.BindAddress)
	}
	if c.CertFile == "" {
		return listenHTTP("extender", c.BindAddress, nil, handler, logger)
	}
	files, err := mutualtls.New(mutualtls.Options{
		CertFile: c.CertFile, KeyFile: c.KeyFile, ClientCAFile: c.ClientCAFile, Logger: logger.WithName("extender"),
	})
	if err != nil {
		return nil, fmt.Errorf("serve the extender over HTTPS: %w", err)
	}
	if err = ctrlmetrics.Registry.Register(certs.NewExtenderExpiry(files.Certificate)); err != nil {
		return nil, fmt.Errorf("register the metric of the extender's certificate: %w", err)
	}
	server, err := listenHTTP("extender", c.BindAddress, files.Config(), handler, logger)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		both, ctx := errgroup.WithContext(ctx)
		both.Go(func() error { return files.Run(ctx) })
		both.Go(func() error { return server(ctx) })
		return both.Wait()
	}, nil
}

// loopbackOnly tells whether only programs on this host can reach the address. A name, other than localhost, may be of any address.
func loopbackOnly(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
