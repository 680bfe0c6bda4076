// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// The keys of the Secret's data.
const (
	bundleKey      = "ca.crt"
	signingCertKey = "tls.crt"
	signingKeyKey  = "tls.key"
	nextCertKey    = "next.crt"
	nextKeyKey     = "next.key"
)

// state is what the Secret holds. Immutable.
type state struct {
	// signing is the authority whose certificates are served.
	signing *Authority
	// next is trusted already and will sign once it is trusted everywhere; nil most of the time.
	next *Authority
	// trusted are the certificates of all authorities that clients are to trust, the oldest first.
	trusted []*x509.Certificate
}

// terms are how long authorities live and overlap.
type terms struct {
	// lifetime is an authority's; after two thirds of it the next one is made.
	lifetime time.Duration
	// overlap is how long the next one is trusted at least before it signs.
	overlap time.Duration
}

// advance takes the next step that is due, if one is. Installed reports that clients know all of trusted: the next authority
// signs only then, so that no certificate is served that somebody does not trust.
func (s *state) advance(now time.Time, t terms, installed bool) (_ *state, changed bool, err error) {
	switch {
	case s == nil || s.signing == nil || !now.Before(s.signing.NotAfter()):
		// Nothing is there, or nobody was for so long that it expired.
		signing, err := nextAuthority(now, t)
		if err != nil {
			return nil, false, err
		}
		return &state{signing: signing, trusted: []*x509.Certificate{signing.Certificate()}}, true, nil
	case s.next == nil && !now.Before(s.signing.NotAfter().Add(-t.lifetime/3)):
		next, err := nextAuthority(now, t)
		if err != nil {
			return nil, false, err
		}
		return &state{signing: s.signing, next: next, trusted: append(unexpired(s.trusted, now), next.Certificate())}, true, nil
	case s.next != nil && installed && !now.Before(s.next.MadeAt().Add(t.overlap)):
		return &state{signing: s.next, trusted: unexpired(s.trusted, now)}, true, nil
	case len(unexpired(s.trusted, now)) < len(s.trusted):
		return &state{signing: s.signing, next: s.next, trusted: unexpired(s.trusted, now)}, true, nil
	}
	return s, false, nil
}

func nextAuthority(now time.Time, t terms) (*Authority, error) {
	return NewAuthority("moorage "+now.UTC().Format(time.RFC3339), now, t.lifetime)
}

func unexpired(all []*x509.Certificate, now time.Time) []*x509.Certificate {
	var kept []*x509.Certificate
	for _, c := range all {
		if now.Before(c.NotAfter) {
			kept = append(kept, c)
		}
	}
	return kept
}

// bundle is what clients are to trust, in PEM.
func (s *state) bundle() []byte {
	var out []byte
	for _, c := range s.trusted {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

// data is the Secret's.
func (s *state) data() map[string][]byte {
	signing := s.signing.Pair()
	out := map[string][]byte{bundleKey: s.bundle(), signingCertKey: signing.CertPEM, signingKeyKey: signing.KeyPEM}
	if s.next != nil {
		next := s.next.Pair()
		out[nextCertKey], out[nextKeyKey] = next.CertPEM, next.KeyPEM
	}
	return out
}

// read is the reverse of data; nil for data that holds nothing of ours, as the Secret that an installation makes.
func read(data map[string][]byte) (*state, error) {
	if len(data[signingCertKey]) == 0 && len(data[signingKeyKey]) == 0 {
		return nil, nil
	}
	signing, err := LoadAuthority(Pair{CertPEM: data[signingCertKey], KeyPEM: data[signingKeyKey]})
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", signingCertKey, signingKeyKey, err)
	}
	s := &state{signing: signing}
	if len(data[nextCertKey]) > 0 {
		if s.next, err = LoadAuthority(Pair{CertPEM: data[nextCertKey], KeyPEM: data[nextKeyKey]}); err != nil {
			return nil, fmt.Errorf("%s and %s: %w", nextCertKey, nextKeyKey, err)
		}
	}
	for rest := data[bundleKey]; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", bundleKey, err)
		}
		s.trusted = append(s.trusted, c)
	}
	if !s.trusts(signing) || s.next != nil && !s.trusts(s.next) {
		return nil, errors.New(bundleKey + " lacks the authority of " + signingCertKey + " or " + nextCertKey)
	}
	return s, nil
}

func (s *state) trusts(a *Authority) bool {
	for _, c := range s.trusted {
		if c.Equal(a.Certificate()) {
			return true
		}
	}
	return false
}
