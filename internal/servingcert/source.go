// SPDX-License-Identifier: Apache-2.0

// Package servingcert is the TLS of a server: where its certificate comes from (a Source: files, an authority of moorage's own in memory,
// or one that is kept in a Secret), and which clients' certificates it accepts (Clients). Both follow changes, so that nothing has to be
// restarted for a new certificate.
//
// It must not know what is served.
package servingcert

import (
	"context"
	"crypto/tls"
)

// Source is where a server's certificate comes from. Its methods are safe for concurrent use, also while Run runs.
type Source interface {
	// GetCertificate returns the newest certificate, as tls.Config.GetCertificate wants it; the argument may be nil.
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Ready reports whether there is a certificate.
	Ready() bool
	// Run keeps the certificate up to date until the context ends.
	Run(ctx context.Context) error
}

// Config is for a server. Each handshake uses the certificate, and the authorities of clients, as they were read last. Clients may be nil:
// then none needs a certificate.
func Config(source Source, clients *Clients) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: source.GetCertificate, NextProtos: []string{"h2", "http/1.1"}}
	if clients != nil {
		clients.require(config)
	}
	return config
}
