// SPDX-License-Identifier: Apache-2.0

// Package mutualtls is the TLS of a server whose certificate, and whose clients' authority if they have to show a certificate of their
// own, are in files; Clients is the latter alone, for a server whose certificate comes from elsewhere. Each file is read again when it
// changes, so that nothing has to be restarted for a new one.
//
// It must not know what is served.
package mutualtls

import (
	"context"
	"crypto/tls"
	"fmt"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// Options say where the files are, all in PEM.
type Options struct {
	// CertFile and KeyFile are the server's own certificate and its key. Both are required.
	CertFile, KeyFile string
	// ClientCAFile holds the authorities of which clients must have a certificate; empty lets in clients without one.
	ClientCAFile string
	Logger       logr.Logger
}

// Files are a server's TLS. Config and Certificate are safe for concurrent use, also while Run runs.
type Files struct {
	serving *certwatcher.CertWatcher
	clients *Clients // nil where clients need no certificate
}

// New reads the files once. Its errors name the file.
func New(options Options) (*Files, error) {
	serving, err := certwatcher.New(options.CertFile, options.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s and its key %s: %w", options.CertFile, options.KeyFile, err)
	}
	f := &Files{serving: serving}
	if options.ClientCAFile != "" {
		if f.clients, err = NewClients(options.ClientCAFile, options.Logger); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// Certificate is the one that is served now.
func (f *Files) Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.serving.GetCertificate(hello)
}

// Config is for a server. Each handshake goes by the files as they were read last.
func (f *Files) Config() *tls.Config {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: f.Certificate, NextProtos: []string{"h2", "http/1.1"},
		// A session that is taken up again would rest on the authorities of its first handshake.
		SessionTicketsDisabled: true,
	}
	if f.clients != nil {
		f.clients.Require(config)
	}
	return config
}

// Run reads the files again when they change, until the context ends. What cannot be read is logged, and what was read before counts
// on.
func (f *Files) Run(ctx context.Context) error {
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return f.serving.Start(ctx) })
	if f.clients != nil {
		both.Go(func() error {
			f.clients.Run(ctx)
			return nil
		})
	}
	return both.Wait()
}
