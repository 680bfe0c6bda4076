// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// What the API server stores of objects that the defaults change, all of them on. The manifests are in testdata/defaults.
func TestDefaultsAreStored(t *testing.T) {
	c := control(t)
	ns, elsewhere := namespace(t, c), namespace(t, c)
	k := newKubectl(t, c, ns, filepath.Join("testdata", "defaults"))
	other := newKubectl(t, c, elsewhere, filepath.Join("testdata", "defaults"))
	m := startMoorage(t, c, moorage.Options{Config: `
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
webhook:
  defaults: {wait-for-first-consumer: on, secret-mode-0440: on, node-name-to-affinity: on}
  schedulerName: {name: moorage-scheduler, lease: {namespace: ` + ns + `, name: moorage-scheduler}}
  volumesResource: moorage.dev/volumes
`})
	cleanup(t, func(ctx context.Context) error {
		got, err := k.call(ctx, "delete", "--ignore-not-found", "-f", "beta-keys.yaml", "-f", "immediate.yaml")
		if err == nil && got.Status != 0 {
			err = errors.New(got.Stderr)
		}
		return err
	})

	k.must(t, "apply", "-f", "beta-keys.yaml")
	k.shows(t, terminal{Stdout: "topology.kubernetes.io/zone"}, "get", "storageclass", "defaults-beta-zone",
		"-o", "jsonpath={.allowedTopologies[0].matchLabelExpressions[0].key}")
	const region = "jsonpath={.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key}"
	k.shows(t, terminal{Stdout: "topology.kubernetes.io/region"}, "get", "persistentvolume", "defaults-beta-region", "-o", region)

	k.must(t, "apply", "-f", "immediate.yaml")
	k.shows(t, terminal{Stdout: "WaitForFirstConsumer"}, "get", "storageclass", "defaults-immediate", "-o", "jsonpath={.volumeBindingMode}")

	// A user who replaces the objects with the same manifests is not refused for the sake of what is immutable.
	k.must(t, "replace", "-f", "beta-keys.yaml")
	k.shows(t, terminal{Stdout: "topology.kubernetes.io/region"}, "get", "persistentvolume", "defaults-beta-region", "-o", region)
	k.must(t, "replace", "-f", "immediate.yaml")

	k.must(t, "apply", "-f", "secret.yaml")
	k.shows(t, terminal{Stdout: "288"}, "get", "pod", "secret", "-o", `jsonpath={.spec.volumes[?(@.name=="tls")].secret.defaultMode}`)
	k.shows(t, terminal{Stdout: "420"}, "get", "pod", "secret", "-o", "jsonpath={.spec.volumes[*].projected.defaultMode}")

	k.must(t, "apply", "-f", "claim.yaml")
	const nodeName = "jsonpath={.spec.nodeName}"
	await(t, "moorage to see the claim", func(context.Context) (bool, error) {
		return k.run(t, "create", "--dry-run=server", "-f", "placed.yaml", "-o", nodeName) == terminal{}, nil
	})
	k.must(t, "apply", "-f", "placed.yaml")
	k.shows(t, terminal{Stdout: ` ["defaults-node"]`}, "get", "pod", "placed", "-o",
		"jsonpath={.spec.nodeName} {.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[*].matchFields[?(@.key==\"metadata.name\")].values}")

	// The namespace opts in; the other one does not.
	labelNamespace(t, c, ns, "moorage.dev/scheduler", "enabled")
	const scheduler = "jsonpath={.spec.schedulerName}"
	await(t, "moorage to read the namespace", func(ctx context.Context) (bool, error) {
		n, err := m.Count(ctx, `moorage_cache_objects{kind="Namespace"}`)
		return n > 0, err
	})
	k.shows(t, terminal{Stdout: "default-scheduler"}, "create", "--dry-run=server", "-f", "web.yaml", "-o", scheduler)
	holdLease(t, c, ns, "moorage-scheduler")
	await(t, "moorage to see that the scheduler runs", func(context.Context) (bool, error) {
		return k.run(t, "create", "--dry-run=server", "-f", "web.yaml", "-o", scheduler) == terminal{Stdout: "moorage-scheduler"}, nil
	})
	k.must(t, "apply", "-f", "web.yaml")
	other.must(t, "apply", "-f", "web.yaml")
	k.shows(t, terminal{Stdout: "moorage-scheduler"}, "get", "pod", "web", "-o", scheduler)
	other.shows(t, terminal{Stdout: "default-scheduler"}, "get", "pod", "web", "-o", scheduler)
	// The scheduler that moorage sends pods to ignores the resource. The default one is not configured to, finds no node that has it, and
	// would leave the pod Pending: its pods are left alone.
	const asked = `jsonpath={.spec.containers[0].resources.limits.moorage\.dev/volumes} {.spec.containers[0].resources.requests.moorage\.dev/volumes}`
	k.shows(t, terminal{Stdout: "1 1"}, "get", "pod", "web", "-o", asked)
	other.shows(t, terminal{Stdout: " "}, "get", "pod", "web", "-o", asked)

	for _, name := range []string{"ga-topology-keys", "wait-for-first-consumer", "secret-mode-0440", "node-name-to-affinity", "scheduler-name", "volumes-resource"} {
		if count(t, m, fmt.Sprintf("moorage_webhook_defaults_total{default=%q}", name)) == 0 {
			t.Errorf("the default %s is not counted", name)
		}
	}
}

// What people see where rules are lifted, or are not, and where a namespace has actions of its own.
func TestExemptionsAtTheTerminal(t *testing.T) {
	c := control(t)
	ns := namespace(t, c)
	k := newKubectl(t, c, ns, filepath.Join("testdata", "defaults"))
	m := startMoorage(t, c, moorage.Options{Config: `
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
webhook:
  mandatoryRules: [propagation-host-root]
  rules: {propagation-host-root: deny}
  bidirectionalRoots: [/var/lib/kubelet, /var/lib/k0s/kubelet, /var/snap/microk8s/common/var/lib/kubelet, /var/lib/longhorn]
  namespaceRules:
  - {namespaceSelector: {matchLabels: {tier: sandbox}}, rules: {propagation-bidirectional-path: warn}}
  exemptions:
  - {serviceAccounts: [` + ns + `/driver], rules: [propagation-bidirectional-path], reason: the driver's own pods}
`})
	denied := func(file, name string) string {
		return `Error from server (Forbidden): error when creating "` + file + `": admission webhook "validate.moorage.dev" denied the request: ` +
			"propagation-bidirectional-path: spec.containers[0].volumeMounts[0].mountPropagation: " +
			`container "main" may not mount host path "` + name + `" as Bidirectional. ` + bidirectionalSymptom
	}
	k.shows(t, terminal{Stderr: denied("srv.yaml", "/srv"), Status: 1}, "create", "-f", "srv.yaml")
	k.shows(t, terminal{Stdout: "pod/srv-exempt created\n"}, "create", "-f", "srv-exempt.yaml")
	if n := count(t, m, `moorage_webhook_exemptions_total{by="annotation",rule="propagation-bidirectional-path"}`); n != 1 {
		t.Errorf("the exemption is counted %v times", n)
	}
	k.must(t, "create", "serviceaccount", "driver")
	k.shows(t, terminal{Stdout: "pod/srv-driver created\n"}, "create", "-f", "srv-driver.yaml")
	if n := count(t, m, `moorage_webhook_exemptions_total{by="configuration",rule="propagation-bidirectional-path"}`); n != 1 {
		t.Errorf("the configured exemption is counted %v times", n)
	}
	k.shows(t, terminal{
		Stderr: "Warning: ignore-annotation: the annotation moorage.dev/ignore has no effect: it gives no reason\n" + denied("srv-unreasoned.yaml", "/srv"),
		Status: 1,
	}, "create", "-f", "srv-unreasoned.yaml")
	k.shows(t, terminal{
		Stderr: "Warning: ignore-annotation: the annotation moorage.dev/ignore cannot exempt from propagation-host-root, which is mandatory here\n" +
			`Error from server (Forbidden): error when creating "root-exempt.yaml": admission webhook "validate.moorage.dev" denied the request: ` +
			"propagation-host-root: spec.containers[0].volumeMounts[0].mountPropagation: container \"main\" mounts the host's / writable with Bidirectional propagation. " +
			"Otherwise: no error at all: the container can write to every mount of the node, other pods' volumes included. " +
			"Fix: mount only the directory that is needed, or set readOnly: true on the mount.\n",
		Status: 1,
	}, "create", "-f", "root-exempt.yaml")

	labelNamespace(t, c, ns, "tier", "sandbox")
	warned := terminal{
		Stdout: "pod/srv created\n",
		Stderr: "Warning: propagation-bidirectional-path: container \"main\" may not mount host path \"/srv\" as Bidirectional\n",
	}
	await(t, "moorage to see the namespace's label", func(context.Context) (bool, error) {
		return k.run(t, "create", "--dry-run=server", "-f", "srv.yaml").Status == 0, nil
	})
	k.shows(t, warned, "create", "-f", "srv.yaml")
}

// holdLease makes a Lease that is held for longer than the test.
func holdLease(t *testing.T, c *controlplane.ControlPlane, ns, name string) {
	t.Helper()
	now, seconds, holder := metav1.NowMicro(), int32(3600), "the test"
	_, err := c.Client().CoordinationV1().Leases(ns).Create(t.Context(), &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func labelNamespace(t *testing.T, c *controlplane.ControlPlane, name, key, value string) {
	t.Helper()
	api := c.Client().CoreV1().Namespaces()
	var ns *corev1.Namespace
	var err error
	if ns, err = api.Get(t.Context(), name, metav1.GetOptions{}); err != nil {
		t.Fatal(err)
	}
	if ns.Labels == nil {
		ns.Labels = map[string]string{}
	}
	ns.Labels[key] = value
	if _, err = api.Update(t.Context(), ns, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
}
