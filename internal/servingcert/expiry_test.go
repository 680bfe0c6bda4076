// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"crypto/tls"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// The metric follows the certificate that is served now, and says nothing that an alert could take for an end where there is none.
func TestExpiryFollowsTheCertificate(t *testing.T) {
	now := time.Unix(1e9, 0)
	authority, err := NewAuthority("moorage", now, 100*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	issue := func(lifetime time.Duration) *tls.Certificate {
		pair, issueErr := authority.Issue(now, Serving{DNSNames: []string{"localhost"}, Lifetime: lifetime})
		if issueErr != nil {
			t.Fatal(issueErr)
		}
		certificate, tlsErr := pair.TLS()
		if tlsErr != nil {
			t.Fatal(tlsErr)
		}
		return &certificate
	}
	var served *tls.Certificate
	get := func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		if served == nil {
			return nil, errors.New("there is no certificate")
		}
		return served, nil
	}
	for _, expiry := range []prometheus.Collector{NewWebhookExpiry(get), NewExtenderExpiry(get)} {
		if served = nil; !math.IsNaN(testutil.ToFloat64(expiry)) {
			t.Errorf("without a certificate it is %g", testutil.ToFloat64(expiry))
		}
		for _, lifetime := range []time.Duration{time.Hour, 2 * time.Hour} {
			served = issue(lifetime)
			if got, want := testutil.ToFloat64(expiry), float64(now.Add(lifetime).Unix()); got != want {
				t.Errorf("it is %f, want %f", got, want)
			}
		}
	}
}
