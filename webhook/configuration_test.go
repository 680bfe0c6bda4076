// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

func TestConfigurations(t *testing.T) {
	url := "https://127.0.0.1:10250/"
	opts := ConfigurationOptions{
		Client:             admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: []byte("ca")},
		ExcludedNamespaces: []string{"storage", "kube-system"},
	}
	const common = `
  failurePolicy: Ignore
  matchConditions:
  - name: spec-changed
    expression: request.operation != "UPDATE" || !has(object.spec) || !has(oldObject.spec)
      || object.spec != oldObject.spec`
	const policy = `
  matchPolicy: Equivalent
`
	const selectedNode = `
      || (request.resource.resource == "persistentvolumeclaims"
      && has(object.metadata.annotations) && "volume.kubernetes.io/selected-node" in object.metadata.annotations
      && (!has(oldObject.metadata.annotations) || !("volume.kubernetes.io/selected-node" in oldObject.metadata.annotations)
      || oldObject.metadata.annotations["volume.kubernetes.io/selected-node"] != object.metadata.annotations["volume.kubernetes.io/selected-node"])
      && !request.userInfo.username.startsWith("system:serviceaccount:kube-system:")
      && !(request.userInfo.username in ["system:kube-controller-manager", "system:kube-scheduler"]))`
	const selector = `
  namespaceSelector:
    matchExpressions:
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [kube-system, storage]
    - key: moorage.dev/exclude
      operator: DoesNotExist
  sideEffects: None
  timeoutSeconds: 2
  admissionReviewVersions: [v1]
`
	const podKinds = `
  - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], scope: "*", resources: [replicasets, deployments, statefulsets, daemonsets]}
  - {apiGroups: [batch], apiVersions: [v1], operations: [CREATE, UPDATE], scope: "*", resources: [jobs, cronjobs]}
  - {apiGroups: [storage.k8s.io], apiVersions: [v1], operations: [CREATE, UPDATE], scope: "*", resources: [storageclasses, volumeattributesclasses]}
`
	const snapshots = `  - {apiGroups: [snapshot.storage.k8s.io], apiVersions: [v1], operations: [CREATE, UPDATE], scope: "*", resources: [RESOURCES]}
`
	const core = `
  - {apiGroups: [""], apiVersions: [v1], operations: [CREATE, UPDATE], scope: "*", resources: [pods, pods/ephemeralcontainers, persistentvolumeclaims, persistentvolumes]}`
	mutating := `
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: moorage}
webhooks:
- name: mutate.moorage.dev
  reinvocationPolicy: IfNeeded
  clientConfig: {url: "https://127.0.0.1:10250/mutate", caBundle: Y2E=}` + common + policy + selector + `  rules:` + core + podKinds + strings.Replace(snapshots, "RESOURCES", "volumesnapshotclasses", 1)
	validating := `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: moorage}
webhooks:
- name: validate.moorage.dev
  clientConfig: {url: "https://127.0.0.1:10250/validate", caBundle: Y2E=}` + common + selectedNode + policy + selector + `  rules:` + core + podKinds +
		strings.Replace(snapshots, "RESOURCES", "volumesnapshots, volumesnapshotclasses", 1)
	compare(t, mutating, MutatingConfiguration(opts))
	compare(t, validating, ValidatingConfiguration(opts))
	if *opts.Client.URL != "https://127.0.0.1:10250/" {
		t.Error("the caller's client configuration was changed")
	}
}

// TestConfigurationOfWhatIsOn promises that the API server asks about no more than the configured rules and defaults need.
func TestConfigurationOfWhatIsOn(t *testing.T) {
	actions := map[string]rules.Action{}
	for _, id := range rules.IDs() {
		actions[id] = rules.Off
	}
	actions["snapshot-default-classes"] = rules.Warn
	evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{Actions: actions})
	if err != nil {
		t.Fatal(err)
	}
	defaulter, err := defaults.NewDefaulter(defaults.Options{Switches: map[string]bool{"class-from-beta-annotation": false, "ga-topology-keys": false, "wait-for-first-consumer": true}})
	if err != nil {
		t.Fatal(err)
	}
	opts := ConfigurationOptions{Rules: evaluator, Defaults: defaulter}
	resources := func(scope []admissionregistrationv1.RuleWithOperations) []string {
		var all []string
		for _, r := range scope {
			all = append(all, r.Resources...)
		}
		return all
	}
	if diff := cmp.Diff([]string{"storageclasses"}, resources(MutatingConfiguration(opts).Webhooks[0].Rules)); diff != "" {
		t.Errorf("mutating (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"volumesnapshotclasses"}, resources(ValidatingConfiguration(opts).Webhooks[0].Rules)); diff != "" {
		t.Errorf("validating (-want +got):\n%s", diff)
	}
}

func TestConfigurationForAService(t *testing.T) {
	opts := ConfigurationOptions{
		Name:   "release-moorage",
		Client: admissionregistrationv1.WebhookClientConfig{Service: &admissionregistrationv1.ServiceReference{Namespace: "storage", Name: "moorage"}},
	}
	got := ValidatingConfiguration(opts)
	if got.Name != "release-moorage" || *got.Webhooks[0].ClientConfig.Service.Path != "/validate" || opts.Client.Service.Path != nil {
		t.Errorf("got %+v", got)
	}
}

// compare holds an object against YAML, both as plain data.
func compare(t *testing.T, want string, got any) {
	t.Helper()
	text, err := yaml.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var wantData, gotData any
	if err := yaml.Unmarshal([]byte(want), &wantData); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &gotData); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantData, gotData); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
