// SPDX-License-Identifier: Apache-2.0

package servingcert

import (
	"crypto/tls"
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// WebhookExpiry is the metric of the webhook's certificates, by WebhookExpiryLabel. ExtenderExpiry is that of the extender's, which has
// one at most.
var (
	WebhookExpiry = prometheus.GaugeOpts{
		Name: "moorage_webhook_certificate_expiry_timestamp_seconds",
		Help: "When the certificate expires: the serving one, and that of moorage's own authority.",
	}
	ExtenderExpiry = prometheus.GaugeOpts{
		Name: "moorage_extender_certificate_expiry_timestamp_seconds",
		Help: "When the certificate expires by which the extender serves over HTTPS.",
	}
)

// The label of WebhookExpiry, and its value for the serving certificate.
const (
	WebhookExpiryLabel   = "certificate"
	WebhookExpiryServing = "serving"
)

// NewWebhookExpiry is WebhookExpiry of a serving certificate that something else keeps, such as files that are read again when they change.
func NewWebhookExpiry(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) prometheus.Collector {
	opts := WebhookExpiry
	opts.ConstLabels = prometheus.Labels{WebhookExpiryLabel: WebhookExpiryServing}
	return newExpiry(opts, get)
}

// NewExtenderExpiry is ExtenderExpiry of the certificate that get returns.
func NewExtenderExpiry(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) prometheus.Collector {
	return newExpiry(ExtenderExpiry, get)
}

// newExpiry asks for the certificate each time that metrics are gathered. Where there is none, the value is NaN, which alerts on nothing.
func newExpiry(opts prometheus.GaugeOpts, get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) prometheus.Collector {
	return prometheus.NewGaugeFunc(opts, func() float64 {
		certificate, err := get(nil)
		if err != nil || certificate == nil || certificate.Leaf == nil {
			return math.NaN()
		}
		return float64(certificate.Leaf.NotAfter.Unix())
	})
}
