// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// validity is how long the certificates of a temporary cluster hold, one that is left running for a while included.
const validity = 30 * 24 * time.Hour

// authority issues all certificates of one cluster: for servers on loopback and for clients.
type authority struct {
	dir string // where the files go
	// addresses are what servers are reached at besides 127.0.0.1.
	addresses []net.IP
	cert      *x509.Certificate
	key       *ecdsa.PrivateKey
	pem       []byte
}

// newAuthority makes a certificate authority and writes its certificate, not its key, into dir.
func newAuthority(dir string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate the key of the certificate authority: %w", err)
	}
	a := &authority{dir: dir, key: key}
	template, err := newTemplate(pkix.Name{CommonName: "moorage-e2e"})
	if err != nil {
		return nil, err
	}
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of the authority: %w", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("read back the certificate of the authority: %w", err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a, writeFile(a.certFile(), a.pem)
}

func (a *authority) certFile() string { return filepath.Join(a.dir, "ca.crt") }

// keyPair is a certificate with its key, in memory and in files.
type keyPair struct {
	certFile, keyFile string
	certPEM, keyPEM   []byte
}

// issue makes a certificate that serves on loopback and that identifies its holder as the user and groups of the subject. The files
// are named after name.
func (a *authority) issue(name string, subject pkix.Name) (*keyPair, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("generate the key of %s: %w", name, err)
	}
	template, err := newTemplate(subject)
	if err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses = append([]net.IP{net.IPv4(127, 0, 0, 1)}, a.addresses...)
	template.DNSNames = []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of %s: %w", name, err)
	}
	pair := &keyPair{
		certFile: filepath.Join(a.dir, name+".crt"), keyFile: filepath.Join(a.dir, name+".key"),
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), keyPEM: keyPEM,
	}
	if err := writeFile(pair.certFile, pair.certPEM); err != nil {
		return nil, err
	}
	return pair, writeFile(pair.keyFile, pair.keyPEM)
}

// writeSigningKey writes the key pair with which the API server signs service accounts' tokens.
func writeSigningKey(privateFile, publicFile string) error {
	key, keyPEM, err := newKey()
	if err != nil {
		return fmt.Errorf("generate the key for service accounts: %w", err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encode the key for service accounts: %w", err)
	}
	if err := writeFile(privateFile, keyPEM); err != nil {
		return err
	}
	return writeFile(publicFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func newTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choose a serial number: %w", err)
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject,
		// An hour back, for a clock that is set while the cluster runs.
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity),
	}, nil
}

// writeFile writes a file that only its owner may read.
func writeFile(path string, data []byte) error {
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("write a file of the cluster: %w", err)
	}
	return nil
}
