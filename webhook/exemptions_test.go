// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// TestUseOfAnExemption promises that a user who exempts an object leaves a trace: in the metrics and in the audit log.
func TestUseOfAnExemption(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	w := newWebhook(t, Options{Metrics: metrics, Rules: rules.EvaluatorOptions{
		Actions:    strict().Actions,
		Mandatory:  []string{"propagation-host-root"},
		Exemptions: []rules.Exemption{{Namespaces: []string{"default"}, ServiceAccounts: []string{"ci/deployer"}, Reason: "old manifests"}},
	}})
	ignoring := func(value string) string {
		return strings.Replace(rootMount, "metadata: {", `metadata: {annotations: {moorage.dev/ignore: "`+value+`"}, `, 1)
	}
	const mandatory = `propagation-host-root: container "agent" mounts the host's / writable with Bidirectional propagation`
	byAnnotation := reviewOf(t, ignoring("propagation-bidirectional-path: mounts for all\\x1b of the node"), "")
	for _, tc := range []struct {
		name, body string
		allowed    bool
		warnings   []string
		audit      map[string]string
	}{
		{
			"by annotation", byAnnotation, true,
			[]string{mandatory},
			map[string]string{"findings": "propagation-host-root=warn", "exempted": "propagation-bidirectional-path=annotation: mounts for all\\x1b of the node"},
		},
		{
			"by configuration", strings.Replace(reviewOf(t, rootMount, ""), `"jane"`, `"system:serviceaccount:ci:deployer"`, 1), true,
			[]string{mandatory},
			map[string]string{"findings": "propagation-host-root=warn", "exempted": "propagation-bidirectional-path=configuration: old manifests"},
		},
		{
			"not of a mandatory rule", reviewOf(t, ignoring("propagation-bidirectional-path,propagation-host-root: why"), ""), true,
			[]string{
				mandatory,
				`ignore-annotation: the annotation moorage.dev/ignore cannot exempt from propagation-host-root, which is mandatory here`,
			},
			map[string]string{"findings": "propagation-host-root=warn,ignore-annotation=warn", "exempted": "propagation-bidirectional-path=annotation: why"},
		},
		{
			"without a reason", reviewOf(t, ignoring("propagation-bidirectional-path"), ""), false,
			[]string{
				mandatory, `ignore-annotation: the annotation moorage.dev/ignore has no effect: it gives no reason`,
			},
			map[string]string{"findings": "propagation-bidirectional-path=deny,propagation-host-root=warn,ignore-annotation=warn"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := admit(t, w.Validate(), tc.body)
			if got.Allowed != tc.allowed {
				t.Errorf("allowed %t, want %t: %v", got.Allowed, tc.allowed, got.Result)
			}
			if diff := cmp.Diff(tc.warnings, got.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.audit, got.AuditAnnotations); diff != "" {
				t.Errorf("audit annotations (-want +got):\n%s", diff)
			}
		})
	}
	want := `
# HELP moorage_webhook_exemptions_total Findings that an exemption lifted, by rule and by what lifted it: the object's annotation, or the configuration.
# TYPE moorage_webhook_exemptions_total counter
moorage_webhook_exemptions_total{by="annotation",rule="propagation-bidirectional-path"} 2
moorage_webhook_exemptions_total{by="configuration",rule="propagation-bidirectional-path"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "moorage_webhook_exemptions_total"); err != nil {
		t.Error(err)
	}
}

// TestEveryDefaultIsNamed promises that each default that changed something is counted and is named in the audit log.
func TestEveryDefaultIsNamed(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	w := newWebhook(t, Options{Metrics: metrics, Defaults: defaults.Options{
		Switches: map[string]bool{"secret-mode-0440": true}, Settings: defaults.Settings{
			VolumesResource: "moorage.dev/volumes", VolumesResourceSchedulers: []string{"default-scheduler"},
		},
	}})
	got := admit(t, w.Mutate(), reviewOf(t, `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {securityContext: {fsGroup: 1, runAsUser: 1},
	  containers: [{name: c, image: i, volumeMounts: [{name: s, mountPath: /s}]}],
	  volumes: [{name: s, secret: {secretName: s, defaultMode: 420}}, {name: v, persistentVolumeClaim: {claimName: v}}]}}`, ""))
	if diff := cmp.Diff(map[string]string{"defaults": "secret-mode-0440,volumes-resource"}, got.AuditAnnotations); diff != "" {
		t.Errorf("audit annotations (-want +got):\n%s", diff)
	}
	for _, name := range []string{"secret-mode-0440", "volumes-resource"} {
		if n := testutil.ToFloat64(metrics.defaults.WithLabelValues(name)); n != 1 {
			t.Errorf("%s is counted %v times", name, n)
		}
	}
}
