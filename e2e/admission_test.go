// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"path/filepath"
	"testing"

	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
)

const (
	// betaAnnotation is what the API server itself says of every claim that has it.
	betaAnnotation = `Warning: metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; ` +
		"use \"storageClassName\" attribute instead\n"

	// bidirectionalSymptom and what follows end each denial of propagation-bidirectional-path.
	bidirectionalSymptom = "Otherwise: no error at all: what the container mounts there appears on the node and in other pods, " +
		"hides the host's own files, and stays when the pod is gone. " +
		"Fix: mount a directory below an allowed root (/var/lib/kubelet, /var/lib/k0s/kubelet, /var/snap/microk8s/common/var/lib/kubelet, /var/lib/longhorn), " +
		"or use HostToContainer if the container only has to see the host's mounts.\n"
)

// strictAboutMounts has agent.yaml denied, which where nothing is configured is only warned of.
const strictAboutMounts = `{apiVersion: moorage.dev/v1alpha1, kind: MoorageConfiguration, webhook: {rules: {propagation-bidirectional-path: deny}}}`

// agentIsDenied is what is printed for agent.yaml.
var agentIsDenied = terminal{
	Stderr: "Warning: propagation-host-root: container \"main\" mounts the host's / writable with Bidirectional propagation\n" +
		`Error from server (Forbidden): error when creating "agent.yaml": admission webhook "validate.moorage.dev" denied the request: ` +
		"propagation-bidirectional-path: spec.containers[0].volumeMounts[0].mountPropagation: " +
		`container "main" may not mount host path "/" as Bidirectional. ` + bidirectionalSymptom,
	Status: 1,
}

// What people see of the webhook at their terminal, to the letter. The manifests are in testdata/admission.
func TestAdmissionAtTheTerminal(t *testing.T) {
	c := control(t)
	ns := namespace(t, c)
	k := newKubectl(t, c, ns, filepath.Join("testdata", "admission"))
	// Before moorage is there: the classes, which it is to know, and a Deployment and a pod in breach.
	createClass(t, c, "ebs", "ebs.csi.aws.com")
	createClass(t, c, "nfs", "k8s-sigs.io/nfs-subdir-external-provisioner")
	k.shows(t, terminal{Stdout: "deployment.apps/agents created\n"}, "apply", "-f", "agents.yaml")
	k.shows(t, terminal{Stdout: "pod/agent created\n"}, "apply", "-f", "agent.yaml")
	m := startMoorage(t, c, moorage.Options{Config: strictAboutMounts})

	t.Run("what was there before can still be updated", func(t *testing.T) {
		k.shows(t, terminal{Stdout: "pod/agent labeled\n"}, "label", "pod", "agent", "tier=node")
		k.shows(t, terminal{Stdout: "pod/agent image updated\n"}, "set", "image", "pod/agent", "main=example.com/agent:2")
		// The API server does not ask the webhook about labels, but it does about images.
		if got := count(t, m, `moorage_webhook_admissions_total{decision="allowed",operation="update",webhook="validate"}`); got == 0 {
			t.Error("moorage was not asked about the update of the image, so this shows nothing")
		}
		k.shows(t, terminal{Stdout: "deployment.apps/agents image updated\n"}, "set", "image", "deployment/agents", "main=example.com/agent:2")
	})

	t.Run("but not be made worse", func(t *testing.T) {
		k.shows(t, terminal{
			Stderr: "Warning: hostpath-stateful: volume \"bin\": container \"main\" writes to /bin of the node it runs on\n" +
				`Error from server (Forbidden): error when replacing "agents-worse.yaml": admission webhook "validate.moorage.dev" denied the request: ` +
				"propagation-bidirectional-path: spec.template.spec.containers[0].volumeMounts[1].mountPropagation: " +
				`container "main" may not mount host path "/bin" as Bidirectional. ` + bidirectionalSymptom,
			Status: 1,
		}, "replace", "-f", "agents-worse.yaml")
	})

	t.Run("a pod that is denied", func(t *testing.T) {
		deletePod(t, c, ns, "agent")
		k.shows(t, agentIsDenied, "apply", "-f", "agent.yaml")
		if _, err := c.Client().CoreV1().Pods(ns).Get(t.Context(), "agent", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("the pod was denied, and to get it answers %v", err)
		}
	})

	t.Run("a claim that is denied, and one that is warned of", func(t *testing.T) {
		k.shows(t, terminal{
			Stdout: "persistentvolumeclaim/exclusive created\n",
			Stderr: "Warning: access-mode-rwop-non-csi: ReadWriteOncePod is enforced only by CSI drivers, " +
				"and k8s-sigs.io/nfs-subdir-external-provisioner (class \"nfs\") is not one\n" +
				`Error from server (Forbidden): error when creating "claims.yaml": admission webhook "validate.moorage.dev" denied the request: ` +
				"access-mode-unsupported: spec.accessModes[0]: " +
				`ebs.csi.aws.com (class "ebs") cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce. ` +
				`Otherwise: ProvisioningFailed "Volume capabilities not supported"; the claim and its pod stay Pending forever. ` +
				"Fix: ask only for access modes that the driver serves, or use a StorageClass whose driver serves this one " +
				"(for sharing between nodes: a file system such as NFS, EFS, Filestore, Azure Files or CephFS).\n",
			Status: 1,
		}, "apply", "-f", "claims.yaml")
	})

	t.Run("a pod that is warned of", func(t *testing.T) {
		k.shows(t, terminal{
			Stdout: "pod/web created\n",
			Stderr: "Warning: secret-mode-decimal: secret volume \"tls\": mode 400 is decimal, which is 0620; 0400 was probably meant\n",
		}, "apply", "-f", "web.yaml")
	})

	t.Run("a pod that the API server itself refuses is explained", func(t *testing.T) {
		k.shows(t, terminal{
			Stderr: "Warning: propagation-bidirectional-unprivileged: container \"main\" mounts volume \"plugins\" as Bidirectional and is not privileged\n" +
				`The Pod "plugin" is invalid: spec.containers[0].volumeMounts.mountPropagation: Forbidden: ` +
				"Bidirectional mount propagation is available only to privileged containers\n",
			Status: 1,
		}, "apply", "-f", "plugin.yaml")
	})

	t.Run("a claim with its class in the annotation gets the field", func(t *testing.T) {
		k.shows(t, terminal{Stdout: "persistentvolumeclaim/old created\n", Stderr: betaAnnotation}, "apply", "-f", "old.yaml")
		k.shows(t, terminal{Stdout: "nfs"}, "get", "pvc", "old", "-o", "jsonpath={.spec.storageClassName}")
	})

	t.Run("without moorage everything is let through, and not when it is back", func(t *testing.T) {
		if err := m.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		k.shows(t, terminal{Stdout: "pod/agent created\n"}, "apply", "-f", "agent.yaml")
		deletePod(t, c, ns, "agent")
		if err := m.Restart(); err != nil {
			t.Fatal(err)
		}
		if err := m.AwaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.shows(t, agentIsDenied, "apply", "-f", "agent.yaml")
	})
}

// createClass makes a class until the test ends.
func createClass(t *testing.T, c *controlplane.ControlPlane, name, provisioner string) {
	t.Helper()
	api := c.Client().StorageV1().StorageClasses()
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: provisioner}
	if _, err := api.Create(t.Context(), class, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error { return api.Delete(ctx, name, metav1.DeleteOptions{}) })
}

// deletePod deletes a pod that no node runs, and returns when it is gone.
func deletePod(t *testing.T, c *controlplane.ControlPlane, ns, name string) {
	t.Helper()
	api, now := c.Client().CoreV1().Pods(ns), int64(0)
	if err := api.Delete(t.Context(), name, metav1.DeleteOptions{GracePeriodSeconds: &now}); err != nil {
		t.Fatal(err)
	}
	await(t, "pod "+name+" to be gone", func(ctx context.Context) (bool, error) {
		_, err := api.Get(ctx, name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}
