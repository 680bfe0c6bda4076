// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admission/v1"
)

// decision is what became of a request, as a metric label.
type decision string

const (
	decisionAllowed decision = "allowed"
	decisionWarned  decision = "warned"
	decisionPatched decision = "patched"
	decisionDenied  decision = "denied"
	// decisionIgnored: nothing that a rule or default reads.
	decisionIgnored decision = "ignored"
	// decisionUnchecked: admitted because it could not be looked at.
	decisionUnchecked decision = "unchecked"
	// decisionUnanswered: left to the failurePolicy, since a mandatory rule could not be asked.
	decisionUnanswered decision = "unanswered"
	// decisionMalformed: not an AdmissionReview at all.
	decisionMalformed decision = "malformed"
	// decisionBusy: not looked at because too much work is under way. The webhook configuration's failurePolicy decides.
	decisionBusy decision = "busy"
)

// Metrics are the webhook's, safe for concurrent use. Labels hold no object's name.
type Metrics struct {
	admissions *prometheus.CounterVec
	findings   *prometheus.CounterVec
	exemptions *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	panics     *prometheus.CounterVec
	defaults   *prometheus.CounterVec
}

// NewMetrics makes the metrics and registers them, unless the registerer is nil. Registering twice on one registerer is an
// error.
func NewMetrics(registerer prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		admissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_webhook_admissions_total",
			Help: "Admission requests by webhook (mutate or validate), operation and what became of them.",
		}, []string{"webhook", "operation", "decision"}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_webhook_findings_total",
			Help: "Findings by rule and by the action that was taken.",
		}, []string{"rule", "action"}),
		exemptions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_webhook_exemptions_total",
			Help: "Findings that an exemption lifted, by rule and by what lifted it: the object's annotation, or the configuration.",
		}, []string{"rule", "by"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "moorage_webhook_duration_seconds",
			Help:    "Time to decide an admission request, without reading it from the network.",
			Buckets: []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 2, 5, 10, 20},
		}, []string{"webhook"}),
		panics: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_webhook_rule_panics_total",
			Help: "Rules that failed on an object, which was then admitted without them; rule=none is a failure outside every rule.",
		}, []string{"rule"}),
		defaults: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "moorage_webhook_defaults_total",
			Help: "Defaults that changed an object, by name.",
		}, []string{"default"}),
	}
	if registerer == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.admissions, m.findings, m.exemptions, m.duration, m.panics, m.defaults} {
		if err := registerer.Register(c); err != nil {
			return nil, fmt.Errorf("register the webhook's metrics: %w", err)
		}
	}
	return m, nil
}

// admission counts one request to mutate or validate; a malformed one has no operation and took no time worth counting.
func (m *Metrics) admission(webhook string, operation admissionv1.Operation, d decision, took time.Duration) {
	label := "other"
	switch operation {
	case admissionv1.Create, admissionv1.Update, admissionv1.Delete, admissionv1.Connect:
		label = strings.ToLower(string(operation))
	}
	m.admissions.WithLabelValues(webhook, label, string(d)).Inc()
	if d != decisionMalformed && d != decisionBusy {
		m.duration.WithLabelValues(webhook).Observe(took.Seconds())
	}
}
