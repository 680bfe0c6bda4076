// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

const head = "apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\n"

func TestParse(t *testing.T) {
	c, err := config.Parse([]byte(head + `
extender:
  predicates: {JointCapacity: Off, SingleWriter: Score, DriverReady: off}
  scorers: [{name: PoolFit, weight: 3, policy: Pack}]
  provisioningHalfLife: 2m
webhook:
  bindAddress: "0"
  rules: {secret-mode-decimal: off, access-mode-rwop-non-csi: Deny}
  defaults: {class-from-beta-annotation: off}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := placement.Config{
		Predicates: map[string]placement.Mode{"JointCapacity": placement.Off, "SingleWriter": placement.Score, "DriverReady": placement.Off},
		Scorers:    map[string]placement.ScorerConfig{"PoolFit": {Weight: 3, Policy: placement.Pack}},

		ProvisioningHalfLife: 2 * time.Minute,
	}
	got := c.Placement()
	if !got.AtSource("topolvm.io", nil, true) || got.AtSource("ebs.csi.aws.com", nil, true) || !got.AtSource("ebs.csi.aws.com", nil, false) ||
		got.AtSource("disk.csi.azure.com", map[string]string{"skuName": "Premium_ZRS"}, false) || got.AtSource("csi.example.com", nil, false) {
		t.Error("what the catalog knows of clones does not reach the engine")
	}
	if disk, refuses := got.Machines("pd.csi.storage.gke.io", map[string]string{"type": "pd-ssd"}); disk != "pd-ssd" || !refuses("c4-standard-4") || refuses("n1-standard-4") {
		t.Error("what the catalog knows of machines does not reach the engine")
	}
	if _, refuses := got.Machines("csi.example.com", nil); refuses != nil {
		t.Error("something is said of the machines of a driver that nobody knows")
	}
	got.AtSource, got.Machines = nil, nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("placement (-want +got):\n%s", diff)
	}
	actions := map[string]rules.Action{"secret-mode-decimal": "off", "access-mode-rwop-non-csi": "deny"}
	options, err := c.RuleOptions()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(actions, options.Actions); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]bool{"class-from-beta-annotation": false}, c.Webhook.Defaults); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if c.Webhook.BindAddress != "0" || c.Extender.BindAddress != "127.0.0.1:10261" {
		t.Errorf("bind addresses %q, %q", c.Webhook.BindAddress, c.Extender.BindAddress)
	}
}

func TestParseErrorsNameTheField(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an unknown field", head + "extender: {predicate: {}}", `unknown field "extender.predicate"`},
		{"an unknown field in a list", head + "extender: {scorers: [{name: PoolFit, weight: 1, polizy: Pack}]}", `unknown field "extender.scorers[0].polizy"`},
		{"a field twice", head + "webhook: {}\nwebhook: {}", `"webhook" already set`},
		{"another kind", "apiVersion: v1\nkind: ConfigMap\n", `want apiVersion: moorage.dev/v1alpha1, kind: MoorageConfiguration`},
		{"an empty file", "", "want apiVersion: moorage.dev/v1alpha1"},
		{"no YAML", "a: [", "not YAML"},
		{"a wrong type", head + "extender: {maxBodyBytes: many}", "maxBodyBytes"},
		{"a number for a word", head + "webhook: {rules: {secret-mode-decimal: 1}}", "1 is not a word"},
		{"a wait too long", head + "extender: {placementWait: 2s}", "extender.placementWait: 2s is not from 0s to 800ms"},
		{"no time to be made", head + "extender: {inFlightLimit: 0s}", "extender.inFlightLimit: 0s is not from 1s to 24h"},
		{"more than all", head + "extender: {reservedPercentOfNamespace: 101}", "extender.reservedPercentOfNamespace: 101 is not from 0 to 100"},
		{"replicas of nobody", head + "extender: {replicasOf: [ebs.csi.aws.com]}", "extender.replicasOf: it is not known how \"ebs.csi.aws.com\" says where its replicas are; known: driver.longhorn.io, linstor.csi.linbit.com"},
		{"no time to confirm", head + "extender: {reservationLimit: 0s}", "extender.reservationLimit: 0s is not from 1s to 1h"},
		{"a memory too short", head + "extender: {provisioningHalfLife: 0s}", "extender.provisioningHalfLife: 0s is not from 1s to 1h"},
		{"a negative limit", head + "extender: {maxBodyBytes: -1}", "extender.maxBodyBytes: must not be negative"},
		{"a scorer twice", head + "extender: {scorers: [{name: PoolFit, weight: 1}, {name: PoolFit, weight: 2}]}", "extender.scorers[1].name: PoolFit occurs twice"},
		{"a scorer without weight", head + "extender: {scorers: [{name: PoolFit}]}", "extender.scorers[0].weight: required"},
		{"half a certificate", head + "webhook: {certFile: tls.crt}", "webhook.certFile, webhook.keyFile: give both or neither"},
		{"half a certificate of the extender", head + "extender: {keyFile: tls.key}", "extender.certFile, extender.keyFile: give both or neither"},
		{"clients' authorities without TLS", head + "extender: {clientCAFile: ca.crt}", "extender.clientCAFile: needs extender.certFile and extender.keyFile"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Parse([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
