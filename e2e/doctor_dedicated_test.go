// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What an operator sees whose moorage sends pods to a scheduler of their own, by the pods alone: doctor finds their configuration, and
// by it the Lease.
func TestDoctorFindsTheDedicatedScheduler(t *testing.T) {
	c := control(t)
	ns := namespace(t, c)
	core := c.Client().CoreV1()
	_, err := core.ConfigMaps(ns).Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "moorage"}, Data: map[string]string{"config.yaml": `
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
webhook:
  schedulerName: {name: moorage-scheduler, lease: {namespace: ` + ns + `, name: moorage-scheduler}}
`},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pod, err := core.Pods(ns).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "moorage", Labels: map[string]string{"app.kubernetes.io/name": "moorage"}},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{
				{
					Name: "moorage", Image: "ghcr.io/moorage-k8s/moorage:v0.0.1", Args: []string{"serve", "--config=/etc/moorage/config.yaml"},
					VolumeMounts: []corev1.VolumeMount{{Name: "config", MountPath: "/etc/moorage"}},
				},
				{Name: "kube-scheduler", Image: "registry.k8s.io/kube-scheduler:v1.99.0"},
			},
			Volumes: []corev1.Volume{{Name: "config", VolumeSource: corev1.VolumeSource{
				ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "moorage"}},
			}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error {
		return core.Pods(ns).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
	})
	admin := newCommand(t, c.AdminKubeconfig())
	sees := func(want string) {
		t.Helper()
		finds(t, examine(t, admin, 1, "-n", ns), map[string]string{"dedicated-scheduler": want})
	}

	sees("failure: there is no Lease " + ns + "/moorage-scheduler: moorage-scheduler has not been at work yet")
	leases := c.Client().CoordinationV1().Leases(ns)
	lease, err := leases.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "moorage-scheduler"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	holds := func(holder string, renewed time.Time) {
		t.Helper()
		seconds, at := int32(15), metav1.NewMicroTime(renewed)
		lease.Spec = coordinationv1.LeaseSpec{HolderIdentity: &holder, LeaseDurationSeconds: &seconds, RenewTime: &at}
		if lease, err = leases.Update(t.Context(), lease, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	holds("", time.Now())
	sees("failure: nobody holds the Lease " + ns + "/moorage-scheduler of moorage-scheduler")
	holds("moorage-0_1", time.Now().Add(-time.Minute))
	sees("failure: moorage-0_1 has not renewed the Lease " + ns + "/moorage-scheduler of moorage-scheduler for 1m")
	holds("moorage-0_1", time.Now())
	sees("ok: moorage-0_1 holds the Lease " + ns + "/moorage-scheduler of moorage-scheduler")

	// The pods' service account has no rights, and this command is no release.
	finds(t, examine(t, admin, 1, "-n", ns), map[string]string{
		"permissions": "failure: service account " + ns + ":default may not list, watch ",
		"versions":    "warning: pods are of version 0.0.1",
	})
	finds(t, examine(t, admin, 1, "-n", ns), map[string]string{"versions": "warning: is of version v1.99.0, newer than the API server"})
}
