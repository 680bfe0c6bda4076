// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"

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
}

// newCertificate returns the webhook's serving certificate: from files, read again when they change, or of an authority of
// moorage's own.
func newCertificate(c *config.Configuration, flags serveFlags, logger logr.Logger) (*certificate, error) {
	if c.Webhook.CertFile != "" {
		watcher, err := certwatcher.New(c.Webhook.CertFile, c.Webhook.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("read the webhook's certificate %s and key %s: %w", c.Webhook.CertFile, c.Webhook.KeyFile, err)
		}
		return &certificate{get: watcher.GetCertificate, watch: watcher.Start}, nil
	}
	own, err := newOwnCertificate(flags.certNames)
	if err != nil {
		return nil, err
	}
	if flags.caOut != "" {
		if err := os.WriteFile(flags.caOut, own.authority.Pair().CertPEM, 0o644); err != nil { //nolint:gosec // A certificate is public.
			return nil, fmt.Errorf("write the authority's certificate: %w", err)
		}
		logger.Info("Wrote the certificate of moorage's own authority", "file", flags.caOut)
	}
	return &certificate{get: own.get, watch: func(context.Context) error { return nil }}, nil
}

// ownCertificate is a certificate of moorage's own authority, which lives in memory as long as the process.
type ownCertificate struct {
	authority *certs.Authority
	serving   certs.Serving

	mu      sync.Mutex
	current *tls.Certificate
	renewAt time.Time
}

func newOwnCertificate(names []string) (*ownCertificate, error) {
	authority, err := certs.NewAuthority("moorage", time.Now(), authorityLifetime)
	if err != nil {
		return nil, err
	}
	own := &ownCertificate{authority: authority, serving: certs.Serving{
		DNSNames: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, Lifetime: certificateLifetime,
	}}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			own.serving.IPs = append(own.serving.IPs, ip)
		} else {
			own.serving.DNSNames = append(own.serving.DNSNames, name)
		}
	}
	_, err = own.get(nil)
	return own, err
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
