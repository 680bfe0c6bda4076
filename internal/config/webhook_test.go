// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

func TestParseWebhook(t *testing.T) {
	c, err := config.Parse([]byte(head + `
webhook:
  namespaceRules:
  - {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: legacy}}, rules: {secret-env: off}}
  mandatoryRules: [secret-cross-tenant]
  exemptions: [{namespaces: [a], serviceAccounts: [ci/restore], rules: [secret-env], reason: why}]
  schedulerName: {name: moorage-scheduler, namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: db}}}
  volumesResource: moorage.dev/volumes
  volumesResourceSchedulers: [moorage-scheduler, default-scheduler]
  selectedNodeWriters: ["system:serviceaccount:batch:volcano"]
`))
	if err != nil {
		t.Fatal(err)
	}
	options, err := c.RuleOptions()
	if err != nil {
		t.Fatal(err)
	}
	if len(options.NamespaceActions) != 1 || !options.NamespaceActions[0].Selector.Matches(nil, "legacy") || options.NamespaceActions[0].Actions["secret-env"] != rules.Off {
		t.Errorf("namespace actions %+v", options.NamespaceActions)
	}
	exemptions := []rules.Exemption{{Namespaces: []string{"a"}, ServiceAccounts: []string{"ci/restore"}, Rules: []string{"secret-env"}, Reason: "why"}}
	if diff := cmp.Diff(exemptions, options.Exemptions); diff != "" {
		t.Errorf("exemptions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"system:serviceaccount:batch:volcano"}, options.Settings.SelectedNodeWriters); diff != "" {
		t.Errorf("writers of the selected node (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"secret-cross-tenant"}, options.Mandatory); diff != "" {
		t.Errorf("mandatory rules (-want +got):\n%s", diff)
	}
	defaulting, err := c.DefaultOptions()
	if err != nil {
		t.Fatal(err)
	}
	if s := defaulting.Settings; s.SchedulerName != "moorage-scheduler" || !s.SchedulerNamespaces.Matches(nil, "db") || s.VolumesResource != "moorage.dev/volumes" || len(s.VolumesResourceSchedulers) != 2 {
		t.Errorf("settings of the defaults %+v", s)
	}
	if c.NeedsNamespaces() {
		t.Error("namespaces are selected by their names, which need not be read")
	}
	for _, needs := range []string{
		"webhook: {schedulerName: {name: moorage-scheduler}}",
		"webhook: {namespaceRules: [{namespaceSelector: {matchLabels: {tier: dev}}, rules: {secret-env: off}}]}",
	} {
		if c, err = config.Parse([]byte(head + needs)); err != nil || !c.NeedsNamespaces() {
			t.Errorf("%s: labels of namespaces are needed; error %v", needs, err)
		}
	}
}

func TestWebhookErrorsNameTheField(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an unknown rule", "rules: {secret-mod-decimal: off}", "webhook.rules.secret-mod-decimal: there is no such rule; did you mean secret-mode-decimal?"},
		{"an unknown action", "rules: {secret-mode-decimal: loud}", `webhook.rules.secret-mode-decimal: unknown action "loud"`},
		{"an unknown default", "defaults: {wait-for-first-consumr: on}", "webhook.defaults.wait-for-first-consumr: there is no such default; did you mean wait-for-first-consumer?"},
		{"a default without its settings", "defaults: {scheduler-name: on}", "webhook.defaults.scheduler-name: needs webhook.schedulerName"},
		{"another default without its settings", "defaults: {volumes-resource: on}", "webhook.defaults.volumes-resource: needs webhook.volumesResource"},
		{"no selector", "namespaceRules: [{rules: {secret-env: off}}]", "webhook.namespaceRules[0].namespaceSelector: required"},
		{"a wrong selector", "namespaceRules: [{namespaceSelector: {matchExpressions: [{key: a, operator: Is}]}}]", `webhook.namespaceRules[0].namespaceSelector: read the namespace selector: "Is" is not a valid label selector operator`},
		{"a misspelt selector", "namespaceRules: [{namespaceSelector: {matchLabel: {a: b}}}]", `unknown field "webhook.namespaceRules[0].namespaceSelector.matchLabel"`},
		{"an unknown rule in a namespace", "namespaceRules: [{namespaceSelector: {}, rules: {secret-en: off}}]", "webhook.namespaceRules[0].rules.secret-en: there is no such rule"},
		{"an unknown mandatory rule", "mandatoryRules: [secret-env, secret-en]", "webhook.mandatoryRules[1]: there is no such rule"},
		{"an exemption of everything", "exemptions: [{reason: why}]", "webhook.exemptions[0]: it would exempt everything"},
		{"an exemption without reason", "exemptions: [{namespaces: [a]}]", "webhook.exemptions[0].reason: required"},
		{"an exemption of an unknown rule", "exemptions: [{namespaces: [a], rules: [x, secret-en], reason: why}]", "webhook.exemptions[0].rules[1]: there is no such rule; did you mean secret-env or secret-env-literal?"},
		{"an exemption of a mandatory rule", "{mandatoryRules: [secret-env], exemptions: [{namespaces: [a], rules: [secret-env], reason: why}]}", "webhook.exemptions[0].rules[0]: secret-env is in webhook.mandatoryRules"},
		{"an account without namespace", "exemptions: [{serviceAccounts: [default], reason: why}]", `webhook.exemptions[0].serviceAccounts[0]: service account "default" is not namespace/name`},
		{"a pattern of namespaces", "exemptions: [{namespaces: [a, 'openshift-*'], reason: why}]", `webhook.exemptions[0].namespaces[1]: "openshift-*" is not the name of a namespace, and patterns are not read: list each namespace, or set the action of the rules by label in webhook.namespaceRules`},
		{"what is not namespace", "exemptions: [{namespaces: ['Not A Name'], reason: why}]", `webhook.exemptions[0].namespaces[0]: "Not A Name" is not the name of a namespace`},
		{"no namespace", "exemptions: [{namespaces: [''], reason: why}]", `webhook.exemptions[0].namespaces[0]: "" is not the name of a namespace`},
		{"a pattern of accounts", "exemptions: [{serviceAccounts: ['ci/*'], reason: why}]", `webhook.exemptions[0].serviceAccounts[0]: service account "ci/*" is not namespace/name; patterns are not read`},
		{"an account as users are called", "exemptions: [{serviceAccounts: ['system:serviceaccount:ci:restore'], reason: why}]", `webhook.exemptions[0].serviceAccounts[0]: service account "system:serviceaccount:ci:restore" is not namespace/name`},
		{"a mandatory rule that is off", "{mandatoryRules: [secret-env, plugin-removed], rules: {plugin-removed: off}}", "webhook.mandatoryRules[1], webhook.rules.plugin-removed: plugin-removed cannot be both mandatory and off"},
		{"a mandatory rule that is off in a namespace", "{mandatoryRules: [secret-env], namespaceRules: [{namespaceSelector: {}, rules: {plugin-removed: off}}, {namespaceSelector: {}, rules: {secret-env: 'Off'}}]}", "webhook.mandatoryRules[0], webhook.namespaceRules[1].rules.secret-env: secret-env cannot be both mandatory and off"},
		{"no scheduler", "schedulerName: {}", "webhook.schedulerName.name: required"},
		{"the default scheduler", "schedulerName: {name: default-scheduler}", "webhook.schedulerName.name: must be another scheduler"},
		{"half a lease", "schedulerName: {name: moorage-scheduler, lease: {name: moorage-scheduler}}", "webhook.schedulerName.lease: needs a namespace and a name"},
		{"an authority without a namespace", "authority: {names: [a.b.svc]}", "webhook.authority.namespace: required"},
		{"an authority without names", "authority: {namespace: a}", "webhook.authority.names: required"},
		{"an authority beside files", "{certFile: a, keyFile: b, authority: {namespace: a, names: [b]}}", "webhook.authority, webhook.certFile: give one of them"},
		{"an authority that ends too soon", "authority: {namespace: a, names: [b], lifetime: 1s}", "webhook.authority.lifetime: 1s is less than 15s"},
		{"no extended resource", "volumesResource: volumes", `webhook.volumesResource: "volumes" is not the name of an extended resource`},
		{"a resource that no scheduler ignores", "volumesResource: moorage.dev/volumes", "webhook.volumesResource: no scheduler is known to ignore it, and pods of one that does not would stay Pending"},
		{"schedulers without it", "volumesResourceSchedulers: [default-scheduler]", "webhook.volumesResourceSchedulers: needs webhook.volumesResource"},
		{"a writer without a name", "selectedNodeWriters: [jane, '']", "webhook.selectedNodeWriters[1]: is empty"},
		{"a writer as accounts are called elsewhere", "selectedNodeWriters: [batch/volcano]", `webhook.selectedNodeWriters[0]: "batch/volcano" is not the name of a user; that of a service account is system:serviceaccount:batch:volcano`},
		{"a pattern of writers", "selectedNodeWriters: ['system:serviceaccount:batch:*']", "webhook.selectedNodeWriters[0]: \"system:serviceaccount:batch:*\" is not the name of a user, and patterns are not read"},
		{"a scheduler without a name", "volumesResource: moorage.dev/volumes, volumesResourceSchedulers: ['', '']", "webhook.volumesResourceSchedulers[0]: is empty"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := test.text
			if !strings.HasPrefix(text, "{") {
				text = "{" + text + "}"
			}
			_, err := config.Parse([]byte(head + "webhook: " + text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestDocumentedConfigurations promises that what the documentation shows can be used as it is.
func TestDocumentedConfigurations(t *testing.T) {
	for _, page := range []string{"admission.md", "certificates.md", "defaults.md"} {
		text, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, block := range strings.Split(string(text), "```yaml\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			if !strings.Contains(block, config.Kind) {
				continue
			}
			found++
			c, err := config.Parse([]byte(block))
			if err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			options, err := c.RuleOptions()
			if err == nil {
				_, err = rules.NewEvaluator(options)
			}
			if err != nil {
				t.Errorf("%s: %v", page, err)
			}
			defaulting, err := c.DefaultOptions()
			if err == nil {
				_, err = defaults.NewDefaulter(defaulting)
			}
			if err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
		if found == 0 {
			t.Errorf("%s shows no configuration", page)
		}
	}
}
