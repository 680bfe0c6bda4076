// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

// clientsInterval is how often the clients' authorities are read again. The kubelet brings a changed Secret to a pod's files within a
// minute or two.
const clientsInterval = 10 * time.Second

// Clients is a file with the authorities that clients' certificates are verified against. Safe for concurrent use.
type Clients struct {
	file   string
	logger logr.Logger

	pool atomic.Pointer[x509.CertPool]
	last []byte // what pool was made of
}

// NewClients reads the file once. Its errors name it.
func NewClients(file string, logger logr.Logger) (*Clients, error) {
	c := &Clients{file: file, logger: logger}
	if err := c.read(); err != nil {
		return nil, err
	}
	return c, nil
}

// require makes a server's configuration accept only clients with a certificate of the authorities. Each handshake goes by the file as
// it was read last.
func (c *Clients) require(config *tls.Config) {
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, c.pool.Load()
	// A session that is taken up again would rest on the authorities of its first handshake.
	config.SessionTicketsDisabled = true
	latest := config.Clone()
	latest.GetConfigForClient = nil
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		now := latest.Clone()
		now.ClientCAs = c.pool.Load()
		return now, nil
	}
}

// read takes up the file if it has changed. What is wrong with it leaves the authorities as they are.
func (c *Clients) read() error {
	data, err := os.ReadFile(c.file)
	if err != nil {
		return fmt.Errorf("read the clients' authorities: %w", err)
	}
	if bytes.Equal(data, c.last) && c.pool.Load() != nil {
		return nil
	}
	pool, err := parseAuthorities(data)
	if err != nil {
		return fmt.Errorf("read the clients' authorities %s: %w", c.file, err)
	}
	c.last = data
	if c.pool.Swap(pool) != nil {
		c.logger.Info("Clients are verified against other authorities from now on", "file", c.file)
	}
	return nil
}

// parseAuthorities takes certificates only, and all of them whole: a file that is just being written must not count for less than it will be.
func parseAuthorities(data []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if data = rest; block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s; give the authorities' certificates alone", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if !certificate.IsCA {
			return nil, fmt.Errorf("%s is not an authority's certificate; give that of the authority that signs the clients' certificates", certificate.Subject)
		}
		pool.AddCert(certificate)
		found = true
	}
	switch {
	case bytes.Contains(data, []byte("-----BEGIN")):
		return nil, errors.New("its last certificate is incomplete")
	case !found:
		return nil, errors.New("it holds no certificate in PEM")
	}
	return pool, nil
}

// Run reads the file again when it changes, until the context ends. A file that cannot be read is logged, and the authorities that were
// read before remain in force.
func (c *Clients) Run(ctx context.Context) {
	tick := time.NewTicker(clientsInterval)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := c.read()
		if err != nil && !failing {
			c.logger.Error(err, "The clients' authorities could not be read again; those that were read before count on")
		}
		failing = err != nil
	}
}
