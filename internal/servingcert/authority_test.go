// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func newAuthority(t *testing.T, at time.Time, lifetime time.Duration) *Authority {
	t.Helper()
	a, err := NewAuthority("moorage-ca", at, lifetime)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestIssuedCertificateServesTLS(t *testing.T) {
	clock := time.Now()
	made := newAuthority(t, clock, time.Hour)
	// Through PEM and back, as a Secret would hold it.
	ca, err := LoadAuthority(made.Pair())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(clock, Serving{DNSNames: []string{"moorage.storage.svc"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Lifetime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pair.TLS()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := io.WriteString(w, "served"); err != nil {
			t.Error(err)
		}
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	defer server.Close()

	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca.Pair().CertPEM) {
		t.Fatal("the bundle holds no certificate")
	}
	for _, name := range []string{"", "moorage.storage.svc"} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: name, MinVersion: tls.VersionTLS12}}}
		response, err := client.Get(server.URL)
		if err != nil {
			t.Fatalf("as %q: %v", name, err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "other.svc", MinVersion: tls.VersionTLS12}}}
	if response, err := client.Get(server.URL); err == nil {
		t.Errorf("a name that is not in the certificate was accepted: %s", response.Status)
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCertificatesHoldTheClockTheyWereGiven(t *testing.T) {
	ca := newAuthority(t, now, 10*time.Hour)
	if got := ca.NotAfter(); !got.Equal(now.Add(10 * time.Hour)) {
		t.Errorf("the CA ends at %s", got)
	}
	for _, tc := range []struct {
		name     string
		lifetime time.Duration
		want     time.Time
	}{
		{"shorter than the CA", time.Hour, now.Add(time.Hour)},
		{"longer than the CA", 100 * time.Hour, now.Add(10 * time.Hour)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			pair, err := ca.Issue(now, Serving{DNSNames: []string{"a"}, Lifetime: tc.lifetime})
			if err != nil {
				t.Fatal(err)
			}
			certificate, err := pair.TLS()
			if err != nil {
				t.Fatal(err)
			}
			if !certificate.Leaf.NotAfter.Equal(tc.want) || !certificate.Leaf.NotBefore.Equal(now.Add(-skew)) {
				t.Errorf("valid from %s to %s, want to %s", certificate.Leaf.NotBefore, certificate.Leaf.NotAfter, tc.want)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	ca := newAuthority(t, now, time.Hour)
	leaf, err := ca.Issue(now, Serving{DNSNames: []string{"a"}, Lifetime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60)
	if _, err := ca.Issue(now, Serving{DNSNames: []string{long}, Lifetime: time.Minute}); err != nil {
		t.Errorf("a name longer than a common name may be: %v", err)
	}
	issue := func(at time.Time, s Serving) error { _, err := ca.Issue(at, s); return err }
	load := func(p Pair) error { _, err := LoadAuthority(p); return err }
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"no name":             {issue(now, Serving{Lifetime: time.Hour}), "at least one DNS name"},
		"no lifetime":         {issue(now, Serving{DNSNames: []string{"a"}}), "not above zero"},
		"an expired CA":       {issue(now.Add(2*time.Hour), Serving{DNSNames: []string{"a"}, Lifetime: time.Hour}), "expired at"},
		"a leaf as CA":        {load(leaf), "not a CA's"},
		"another key":         {load(Pair{CertPEM: ca.Pair().CertPEM, KeyPEM: leaf.KeyPEM}), "read the authority"},
		"no PEM":              {load(Pair{CertPEM: []byte("x"), KeyPEM: []byte("y")}), "read the authority"},
		"an authority of 0 s": {func() error { _, err := NewAuthority("x", now, 0); return err }(), "not above zero"},
	} {
		if tc.err == nil || !strings.Contains(tc.err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one that says %q", name, tc.err, tc.want)
		}
	}
}
