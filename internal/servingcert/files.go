// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"context"
	"crypto/tls"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
)

// Files is the Source of a certificate and its key in files, PEM, which are read again when they change.
type Files struct{ watcher *certwatcher.CertWatcher }

// NewFiles reads the files once. Its errors name them.
func NewFiles(certFile, keyFile string) (*Files, error) {
	watcher, err := certwatcher.New(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s and its key %s: %w", certFile, keyFile, err)
	}
	return &Files{watcher}, nil
}

// GetCertificate returns the certificate that was read last.
func (f *Files) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.watcher.GetCertificate(hello)
}

// Ready reports true: NewFiles has read the certificate.
func (f *Files) Ready() bool { return true }

// Run reads the files again when they change, until the context ends. If that fails it is logged, and the last certificate stays.
func (f *Files) Run(ctx context.Context) error { return f.watcher.Start(ctx) }
