// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"context"
	"crypto/tls"
	"sync"
	"time"
)

const (
	memoryAuthorityLifetime = 10 * 365 * 24 * time.Hour
	memoryLifetime          = 365 * 24 * time.Hour
	// memoryRenewBefore the end of its life a certificate is replaced.
	memoryRenewBefore = memoryLifetime / 3
)

// Memory is the Source of an authority that lives as long as the process.
type Memory struct {
	authority *Authority
	serving   Serving

	mu      sync.Mutex
	current *tls.Certificate
	renewAt time.Time
}

// NewMemory makes the authority and a first certificate for these host names and IP addresses, and for this host.
func NewMemory(names ...string) (*Memory, error) {
	authority, err := NewAuthority("moorage", time.Now(), memoryAuthorityLifetime)
	if err != nil {
		return nil, err
	}
	m := &Memory{authority: authority, serving: ServingFor(memoryLifetime, names...)}
	_, err = m.GetCertificate(nil)
	return m, err
}

// CertPEM is the authority's certificate, which clients have to trust.
func (m *Memory) CertPEM() []byte { return m.authority.Pair().CertPEM }

// GetCertificate returns the certificate, a new one when it is time.
func (m *Memory) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if m.current != nil && now.Before(m.renewAt) {
		return m.current, nil
	}
	pair, err := m.authority.Issue(now, m.serving)
	if err != nil {
		return nil, err
	}
	certificate, err := pair.TLS()
	if err != nil {
		return nil, err
	}
	m.current, m.renewAt = &certificate, now.Add(memoryLifetime-memoryRenewBefore)
	return m.current, nil
}

// Ready reports true: NewMemory has made a certificate.
func (m *Memory) Ready() bool { return true }

// Run has nothing to do: GetCertificate renews.
func (m *Memory) Run(context.Context) error { return nil }
