// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// skew is how far the clocks of the API server and of moorage may differ: certificates are valid that long before they are
// made.
const skew = 5 * time.Minute

const (
	certificateBlock = "CERTIFICATE"
	keyBlock         = "PRIVATE KEY"
)

// Pair is a certificate and its private key, in PEM. The key is PKCS #8.
type Pair struct {
	CertPEM []byte
	KeyPEM  []byte
}

// TLS returns the pair in the form that crypto/tls serves.
func (p Pair) TLS() (tls.Certificate, error) {
	c, err := tls.X509KeyPair(p.CertPEM, p.KeyPEM)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the serving certificate: %w", err)
	}
	return c, nil
}

// Authority is a small certificate authority of moorage's own: ECDSA P-256, one CA that signs serving certificates. It depends on nothing but
// its arguments and the random source, stores and rotates nothing, is immutable and safe for concurrent use.
type Authority struct {
	pair        Pair
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes a CA with a new key, valid from now (less a few minutes for clocks that differ) for the lifetime.
func NewAuthority(commonName string, now time.Time, lifetime time.Duration) (*Authority, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: commonName},
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of authority %q: %w", commonName, err)
	}
	pair, err := sign(template, nil, key, key, now, lifetime)
	if err != nil {
		return nil, fmt.Errorf("make authority %q: %w", commonName, err)
	}
	return LoadAuthority(pair)
}

// LoadAuthority reads a CA that NewAuthority made. The key must belong to the certificate, and the certificate must be a CA's.
func LoadAuthority(pair Pair) (*Authority, error) {
	loaded, err := tls.X509KeyPair(pair.CertPEM, pair.KeyPEM)
	if err != nil {
		return nil, fmt.Errorf("read the authority: %w", err)
	}
	if loaded.Leaf == nil || !loaded.Leaf.IsCA {
		return nil, errors.New("read the authority: the certificate is not a CA's; give the CA, not a certificate that it signed")
	}
	key, ok := loaded.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("read the authority: the key is a %T; give an ECDSA key", loaded.PrivateKey)
	}
	return &Authority{pair: pair, certificate: loaded.Leaf, key: key}, nil
}

// Pair returns the CA's own certificate, which is the bundle that clients trust, and its key.
func (a *Authority) Pair() Pair { return a.pair }

// Certificate is the CA's own. It must not be changed.
func (a *Authority) Certificate() *x509.Certificate { return a.certificate }

// MadeAt is when the CA was made.
func (a *Authority) MadeAt() time.Time { return a.certificate.NotBefore.Add(skew) }

// NotAfter is when the CA expires.
func (a *Authority) NotAfter() time.Time { return a.certificate.NotAfter }

// Serving is what a serving certificate is to be valid for. At least one name or address is needed.
type Serving struct {
	DNSNames []string
	IPs      []net.IP
	Lifetime time.Duration
}

// ServingFor is a certificate for these host names and IP addresses, and for this host.
func ServingFor(lifetime time.Duration, names ...string) Serving {
	serving := Serving{
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

// Issue signs a serving certificate with a new key. It never outlives the CA.
func (a *Authority) Issue(now time.Time, serving Serving) (Pair, error) {
	if len(serving.DNSNames) == 0 && len(serving.IPs) == 0 {
		return Pair{}, errors.New("issue a serving certificate: give at least one DNS name or IP address")
	}
	if !now.Before(a.certificate.NotAfter) {
		return Pair{}, fmt.Errorf("issue a serving certificate: the authority expired at %s; make a new one", a.certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	var name string
	if len(serving.DNSNames) > 0 {
		name = serving.DNSNames[0]
	} else {
		name = serving.IPs[0].String()
	}
	if len(name) > 64 {
		// The common name of X.509 ends at 64 characters (RFC 5280, ub-common-name); clients read the alternative names.
		name = name[:64]
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("make the key of the serving certificate for %s: %w", name, err)
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		DNSNames:    serving.DNSNames,
		IPAddresses: serving.IPs,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	lifetime := min(serving.Lifetime, a.certificate.NotAfter.Sub(now))
	pair, err := sign(template, a.certificate, key, a.key, now, lifetime)
	if err != nil {
		return Pair{}, fmt.Errorf("issue the serving certificate for %s: %w", name, err)
	}
	return pair, nil
}

// sign completes the template and signs it with the parent's key, or with its own if there is no parent.
func sign(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey, now time.Time, lifetime time.Duration) (Pair, error) {
	if lifetime <= 0 {
		return Pair{}, fmt.Errorf("a lifetime of %s is not above zero", lifetime)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return Pair{}, fmt.Errorf("draw a serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = now.Add(-skew)
	template.NotAfter = now.Add(lifetime)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return Pair{}, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{
		CertPEM: pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: der}),
		KeyPEM:  pem.EncodeToMemory(&pem.Block{Type: keyBlock, Bytes: keyDER}),
	}, nil
}
