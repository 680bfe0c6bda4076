// SPDX-License-Identifier: Apache-2.0

// Package alerts holds tests of the chart's alerts and dashboard, of their runbooks and of what the documentation says of metrics, with
// Prometheus' own parser and rule evaluation. It is a module of its own, as nothing else needs Prometheus.
package alerts
