// SPDX-License-Identifier: Apache-2.0

package mutualtls

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
)

// interval is how often the clients' authorities are read again. The kubelet brings a changed Secret to a pod's files within a
// minute or two.
const interval = 10 * time.Second

// clientAuthority is a file with the authorities that clients' certificates are verified against.
type clientAuthority struct {
	file   string
	logger logr.Logger

	pool atomic.Pointer[x509.CertPool]
	last []byte // what pool was made of
}

// read takes up the file if it has changed. What is wrong with it leaves the authorities as they are.
func (c *clientAuthority) read() error {
	data, err := os.ReadFile(c.file)
	if err != nil {
		return fmt.Errorf("read the clients' authorities: %w", err)
	}
	if bytes.Equal(data, c.last) && c.pool.Load() != nil {
		return nil
	}
	pool, err := parse(data)
	if err != nil {
		return fmt.Errorf("read the clients' authorities %s: %w", c.file, err)
	}
	c.last = data
	if c.pool.Swap(pool) != nil {
		c.logger.Info("Clients are verified against other authorities from now on", "file", c.file)
	}
	return nil
}

// parse takes certificates only, and all of them whole: a file that is just being written must not count for less than it will be.
func parse(data []byte) (*x509.CertPool, error) {
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

func (c *clientAuthority) run(ctx context.Context) {
	tick := time.NewTicker(interval)
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
