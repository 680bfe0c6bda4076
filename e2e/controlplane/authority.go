// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/x509/pkix"
	"fmt"
	"os"
	"path/filepath"
)

// Authority is a certificate authority beside the cluster's own, for certificates that an administrator would make.
type Authority struct{ own *authority }

// NewAuthority makes an authority whose files are in the directory, which is made if it is not there.
func NewAuthority(dir string) (*Authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	own, err := newAuthority(dir)
	if err != nil {
		return nil, err
	}
	return &Authority{own}, nil
}

// CertFile is the file with the authority's own certificate.
func (a *Authority) CertFile() string { return filepath.Clean(a.own.certFile()) }

// Issue makes a certificate that serves on loopback and that a client may show, and returns its files.
func (a *Authority) Issue(name string) (certFile, keyFile string, err error) {
	pair, err := a.own.issue(name, pkix.Name{CommonName: name})
	if err != nil {
		return "", "", err
	}
	return pair.certFile, pair.keyFile, nil
}
