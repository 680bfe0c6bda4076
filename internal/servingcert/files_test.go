// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// side makes the certificates of servers or clients.
type side struct{ *Authority }

func newSide(t *testing.T, name string) side {
	t.Helper()
	a, err := NewAuthority(name, time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return side{a}
}

func (a side) server(t *testing.T) Pair {
	t.Helper()
	pair, err := a.Issue(time.Now(), Serving{IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// client is a certificate that may be shown by a client.
func (a side) client(t *testing.T) *tls.Certificate {
	t.Helper()
	parent, err := a.Pair().TLS()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-scheduler"}, NotBefore: time.Now().Add(-time.Minute),
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, parent.Leaf, key.Public(), parent.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWhoIsLetIn promises that each handshake goes by the files as they are: who has no certificate, or one of an authority that is
// not, or no longer, in the file, is refused, and a file that is only half written changes nothing.
func TestWhoIsLetIn(t *testing.T) {
	servers, clients, others := newSide(t, "servers"), newSide(t, "clients"), newSide(t, "others")
	dir := t.TempDir()
	certFile, keyFile, caFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")
	serving := servers.server(t)
	write(t, certFile, serving.CertPEM)
	write(t, keyFile, serving.KeyPEM)
	write(t, caFile, clients.Pair().CertPEM)
	files, err := NewFiles(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := NewClients(caFile, logr.Discard())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", Config(files, verified))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, acceptErr := listener.Accept()
			if acceptErr != nil {
				return
			}
			// A client that is accepted reads a greeting.
			_, _ = c.Write([]byte("come in"))
			_ = c.Close()
		}
	}()
	defer func() {
		_ = listener.Close()
		<-served
	}()

	enters := func(shows *tls.Certificate, roots side) error {
		pool := x509.NewCertPool()
		pool.AddCert(roots.Certificate())
		config := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
		if shows != nil {
			config.Certificates = []tls.Certificate{*shows}
		}
		c, dialErr := (&tls.Dialer{Config: config}).DialContext(t.Context(), "tcp", listener.Addr().String())
		if dialErr != nil {
			return dialErr
		}
		defer c.Close() //nolint:errcheck // Only read from.
		// With TLS 1.3 a client hears of a refusal when it reads.
		_, dialErr = c.Read(make([]byte, 7))
		return dialErr
	}
	known, stranger := clients.client(t), others.client(t)
	if err = enters(known, servers); err != nil {
		t.Errorf("a client of the authority is refused: %v", err)
	}
	if enters(nil, servers) == nil {
		t.Error("a client without a certificate is accepted")
	}
	if enters(stranger, servers) == nil {
		t.Error("a client of another authority is accepted")
	}

	// A server's certificate is none of a client's, though the same authority signed it.
	pair, err := clients.server(t).TLS()
	if err != nil {
		t.Fatal(err)
	}
	if enters(&pair, servers) == nil {
		t.Error("a client with a server's certificate is accepted")
	}

	whole := others.Pair().CertPEM
	write(t, caFile, bytes.Join([][]byte{clients.Pair().CertPEM, whole[:len(whole)/2]}, nil))
	if err = verified.read(); err == nil || !strings.Contains(err.Error(), "its last certificate is incomplete") {
		t.Errorf("half a file is read with %v", err)
	}
	if err = enters(known, servers); err != nil {
		t.Errorf("while a file is half written its client is refused: %v", err)
	}
	write(t, caFile, whole)
	if err = verified.read(); err != nil {
		t.Fatal(err)
	}
	if enters(known, servers) == nil {
		t.Error("a client of an authority that was taken away is accepted")
	}
	if err = enters(stranger, servers); err != nil {
		t.Errorf("a client of the new authority is refused: %v", err)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	servers := newSide(t, "servers")
	serving := servers.server(t)
	for _, test := range []struct {
		name     string
		cert, ca []byte
		want     string
	}{
		{name: "no certificate", cert: nil, ca: servers.Pair().CertPEM, want: "read the certificate "},
		{name: "no authority", cert: serving.CertPEM, ca: nil, want: "it holds no certificate in PEM"},
		{name: "a certificate that signs nothing", cert: serving.CertPEM, ca: serving.CertPEM, want: "is not an authority's certificate"},
		{name: "an authority's key", cert: serving.CertPEM, ca: servers.Pair().KeyPEM, want: "it holds a PRIVATE KEY"},
		{
			name: "no DER", cert: serving.CertPEM, ca: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
			want: "read the clients' authorities ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			certFile, keyFile, caFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")
			write(t, certFile, test.cert)
			write(t, keyFile, serving.KeyPEM)
			write(t, caFile, test.ca)
			_, err := NewFiles(certFile, keyFile)
			if err == nil {
				_, err = NewClients(caFile, logr.Discard())
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
