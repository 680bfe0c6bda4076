// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/moorage-k8s/moorage/internal/authority"
	"github.com/moorage-k8s/moorage/internal/certs"
	"github.com/moorage-k8s/moorage/internal/config"
)

const (
	authorityLifetime   = 10 * 365 * 24 * time.Hour
	certificateLifetime = 365 * 24 * time.Hour
	// renewBefore the end of its life a certificate is made anew.
	renewBefore = certificateLifetime / 3
)

// certificate is where a serving certificate comes from.
type certificate struct {
	// get returns the newest one, for tls.Config.GetCertificate.
	get func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// watch keeps it up to date.
	watch part
	// ready tells whether there is one.
	ready func() bool
}

func always() bool { return true }

// newCertificate returns the webhook's serving certificate: from files, read again when they change, or of an authority of
// moorage's own, kept in a Secret or in memory.
func newCertificate(c *config.Configuration, flags serveFlags, logger logr.Logger) (*certificate, error) {
	if c.Webhook.CertFile != "" {
		watcher, err := certwatcher.New(c.Webhook.CertFile, c.Webhook.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the webhook's certificate %s and key %s: %w", c.Webhook.CertFile, c.Webhook.KeyFile, err)
		}
		if err := ctrlmetrics.Registry.Register(certs.NewWebhookExpiry(watcher.GetCertificate)); err != nil {
			return nil, fmt.Errorf("register the metric of the webhook's certificate: %w", err)
		}
		return &certificate{get: watcher.GetCertificate, watch: watcher.Start, ready: always}, nil
	}
	if c.Webhook.Authority != nil {
		return newKeptCertificate(c.Webhook.Authority, flags, logger)
	}
	own := &ownCertificate{serving: servingFor(flags.certNames, certificateLifetime)}
	if err := own.start(); err != nil {
		return nil, err
	}
	if flags.caOut != "" {
		if err := os.WriteFile(flags.caOut, own.authority.Pair().CertPEM, 0o644); err != nil { //nolint:gosec // A certificate is public.
			return nil, fmt.Errorf("write the authority's certificate: %w", err)
		}
		logger.Info("Wrote the certificate of moorage's own authority", "file", flags.caOut)
	}
	return &certificate{get: own.get, watch: func(context.Context) error { return nil }, ready: always}, nil
}

// newKeptCertificate is of an authority in a Secret.
func newKeptCertificate(a *config.Authority, flags serveFlags, logger logr.Logger) (*certificate, error) {
	switch {
	case len(flags.from) > 0:
		return nil, errors.New("webhook.authority keeps a Secret in a cluster, and --from reads no cluster; leave out one of them")
	case flags.caOut != "":
		return nil, errors.New("webhook.authority writes the authority's certificate where it belongs; leave out --webhook-ca-out")
	}
	access, err := flags.cluster()
	if err != nil {
		return nil, err
	}
	keeper, err := authority.New(authority.Options{
		Client: access.client, Namespace: a.Namespace, Secret: a.Secret,
		Validating: a.ValidatingWebhookConfiguration, Mutating: a.MutatingWebhookConfiguration,
		Lifetime: a.Lifetime.Duration, Serving: servingFor(slices.Concat(a.Names, flags.certNames), a.ServingLifetime.Duration),
		Registry: ctrlmetrics.Registry, Logger: logger.WithName("authority"),
	})
	if err != nil {
		return nil, err
	}
	return &certificate{get: keeper.Get, watch: keeper.Run, ready: keeper.Ready}, nil
}

// servingFor is a certificate for these names and addresses, and for this host.
func servingFor(names []string, lifetime time.Duration) certs.Serving {
	serving := certs.Serving{
		DNSNames: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, Lifetime: lifetime,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			serving.IPs = append(serving.IPs, ip)
		} else {
			serving.DNSNames = append(serving.DNSNames, name)
		}
	}
	return serving
}

// ownCertificate is a certificate of moorage's own authority, which lives in memory as long as the process.
type ownCertificate struct {
	authority *certs.Authority
	serving   certs.Serving

	mu      sync.Mutex
	current *tls.Certificate
	renewAt time.Time
}

// start makes the authority and the first certificate.
func (o *ownCertificate) start() (err error) {
	if o.authority, err = certs.NewAuthority("moorage", time.Now(), authorityLifetime); err != nil {
		return err
	}
	_, err = o.get(nil)
	return err
}

func (o *ownCertificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if o.current != nil && now.Before(o.renewAt) {
		return o.current, nil
	}
	pair, err := o.authority.Issue(now, o.serving)
	if err != nil {
		return nil, err
	}
	certificate, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	o.current, o.renewAt = &certificate, now.Add(certificateLifetime-renewBefore)
	return o.current, nil
}
