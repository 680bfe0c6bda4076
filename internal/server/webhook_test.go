// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/servingcert"
	"github.com/moorage-k8s/moorage/webhook"
)

// clientOf makes a certificate for a client, signed by a new authority whose certificate it writes into a file.
func clientOf(t *testing.T, file string) *tls.Certificate {
	t.Helper()
	authority, err := servingcert.NewAuthority("clients", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err = os.WriteFile(file, authority.Pair().CertPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	parent, err := authority.Pair().TLS()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"}, NotBefore: time.Now().Add(-time.Minute),
		NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, authority.Certificate(), key.Public(), parent.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// freeAddress is one of this host that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // Nothing was accepted.
	return l.Addr().String()
}

// TestWebhookClientAuthority: with an authority for clients the webhook answers only those with a certificate of it.
func TestWebhookClientAuthority(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.crt")
	known := clientOf(t, file)
	stranger := clientOf(t, filepath.Join(t.TempDir(), "other.crt"))
	own, err := servingcert.NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	hook, err := webhook.New(webhook.Options{})
	if err != nil {
		t.Fatal(err)
	}
	serve := func(clientCAFile string) (string, part, error) {
		o := &Options{Config: config.Default(), Logger: logr.Discard()}
		o.Config.Webhook.BindAddress, o.Config.Webhook.ClientCAFile = freeAddress(t), clientCAFile
		server, serveErr := o.serveWebhook(hook, own)
		return o.Config.Webhook.BindAddress, server, serveErr
	}
	address, server, err := serve(file)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server(ctx) }()

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(own.CertPEM())
	ask := func(shows *tls.Certificate) (int, string, error) {
		config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		if shows != nil {
			config.Certificates = []tls.Certificate{*shows}
		}
		transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
		defer transport.CloseIdleConnections()
		request, requestErr := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+address+webhook.ValidatePath, strings.NewReader(
			`{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u"}}`))
		if requestErr != nil {
			return 0, "", requestErr
		}
		request.Header.Set("Content-Type", "application/json")
		response, requestErr := transport.RoundTrip(request)
		if requestErr != nil {
			return 0, "", requestErr
		}
		return response.StatusCode, response.Proto, response.Body.Close()
	}
	if status, proto, err := ask(known); err != nil || status != http.StatusOK || proto != "HTTP/2.0" {
		t.Errorf("a client of the authority: status %d by %s, error %v", status, proto, err)
	}
	if status, _, err := ask(nil); err == nil {
		t.Errorf("a client without a certificate is answered with %d", status)
	}
	if status, _, err := ask(stranger); err == nil {
		t.Errorf("a client of another authority is answered with %d", status)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, _, err := serve("absent.crt"); err == nil ||
		!strings.Contains(err.Error(), "serve the webhook: read the clients' authorities: open absent.crt") {
		t.Errorf("an authority that is not there: %v", err)
	}
}
