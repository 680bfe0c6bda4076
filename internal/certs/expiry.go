// SPDX-License-Identifier: Apache-2.0

package certs

import (
	"crypto/tls"
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// ExpiryMetric tells when certificates of the webhook expire, by ExpiryLabel, of which ExpiryServing is the serving certificate.
var ExpiryMetric = prometheus.Opts{
	Name: "moorage_webhook_certificate_expiry_timestamp_seconds",
	Help: "When the certificate expires: the serving one, and that of moorage's own authority.",
}

// The label of ExpiryMetric, and its value for the serving certificate.
const (
	ExpiryLabel   = "certificate"
	ExpiryServing = "serving"
)

// NewExpiry returns ExpiryMetric for a serving certificate that something else keeps, such as files that are read again when they
// change. Get is asked each time that metrics are gathered; where it has no certificate the value is NaN.
func NewExpiry(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) prometheus.Collector {
	opts := prometheus.GaugeOpts(ExpiryMetric)
	opts.ConstLabels = prometheus.Labels{ExpiryLabel: ExpiryServing}
	return prometheus.NewGaugeFunc(opts, func() float64 {
		certificate, err := get(nil)
		if err != nil || certificate == nil || certificate.Leaf == nil {
			return math.NaN()
		}
		return float64(certificate.Leaf.NotAfter.Unix())
	})
}
