// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"time"
)

const (
	// soon and verySoon are before the end of a certificate: moorage's own are renewed long before.
	soon     = 30 * 24 * time.Hour
	verySoon = 7 * 24 * time.Hour
)

// webhookCertificate calls the webhook as the API server would, and verifies its certificate against the configuration's bundle.
func (e *examination) webhookCertificate(ctx context.Context) Check {
	mutating, validating, err := e.entries(ctx)
	if err != nil {
		return unread(ctx, "the webhook configurations", err)
	}
	var found []Check
	seen := map[string]bool{}
	for _, w := range append(mutating, validating...) {
		address, name, err := w.address()
		if err != nil {
			found = append(found, failure("name the Service of moorage in clientConfig", "%v", err))
			continue
		}
		if key := address + string(w.client.CABundle); !seen[key] {
			seen[key] = true
			found = append(found, e.certificateAt(ctx, &w, address, name))
		}
	}
	if len(found) == 0 {
		return skipped("", "there is no webhook configuration")
	}
	return worst(found...)
}

const renewBundle = "write the certificate of the authority that signed moorage's into clientConfig.caBundle (moorage does so itself with tls.mode self; " +
	"'moorage serve --webhook-ca-out' writes it to a file)"

func (e *examination) certificateAt(ctx context.Context, w *entry, address, name string) Check {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if len(w.client.CABundle) > 0 {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(w.client.CABundle) {
			return failure(renewBundle, "the caBundle of %s holds no certificate", w.configuration)
		}
	}
	// It is verified below, so that what is wrong with it can be told.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, ServerName: name, MinVersion: tls.VersionTLS12}} //nolint:gosec // Verified below.
	connection, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		if w.client.Service != nil {
			return skipped("run doctor in the cluster to look at the certificate", "%s cannot be reached from here", address)
		}
		return failure("see whether moorage runs and listens there", "%s, where the API server is to call moorage, cannot be reached: %v", address, cause(err))
	}
	defer connection.Close() //nolint:errcheck // Nothing was written.
	chain := connection.(*tls.Conn).ConnectionState().PeerCertificates
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	leaf := chain[0]
	left := leaf.NotAfter.Sub(e.Now())
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: name, CurrentTime: e.Now()})
	switch until := leaf.NotAfter.UTC().Format(time.DateOnly); {
	case left <= 0:
		return failure("renew it: restart moorage, or see why its Secret is not renewed", "the certificate at %s expired on %s", address, until)
	case err != nil:
		return failure(renewBundle, "the API server does not trust %s by the caBundle of %s: %v", address, w.configuration, cause(err))
	case left < verySoon:
		return failure("renew it: restart moorage, or see why its Secret is not renewed", "the certificate at %s expires on %s", address, until)
	case left < soon:
		return warning("see whether something renews it", "the certificate at %s expires on %s", address, until)
	default:
		return ok("the certificate at %s is trusted and valid until %s", address, until)
	}
}

// hostOf returns the address and the host's name of a webhook's URL.
func hostOf(raw string) (address, name string, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", "", fmt.Errorf("clientConfig.url %q: %w", raw, err)
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "443")), u.Hostname(), nil
}
