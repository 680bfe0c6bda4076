// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scan reads a cluster with the rights of the person: it finds two volumes that are one in the storage, nothing of it once one is gone, and says
// what it may not read.
func TestScanLive(t *testing.T) {
	c := control(t)
	ns := namespace(t, c)
	volumes := c.Client().CoreV1().PersistentVolumes()
	for _, name := range []string{"scan-one", "scan-two"} {
		_, err := volumes.Create(t.Context(), &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: corev1.PersistentVolumeSpec{
				Capacity:         corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")},
				AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				StorageClassName: "by-hand",
				PersistentVolumeSource: corev1.PersistentVolumeSource{
					CSI: &corev1.CSIPersistentVolumeSource{Driver: "disks.csi.example.com", VolumeHandle: "the-same"},
				},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cleanup(t, func(ctx context.Context) error {
			return ignoreNotFound(volumes.Delete(ctx, name, metav1.DeleteOptions{}))
		})
	}
	_, err := c.Client().RbacV1().RoleBindings(ns).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "scans-one"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "scans-one"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	moorage := newCommand(t, c.AdminKubeconfig())
	sameHandle := func(args ...string) (found [][]string, unknown []string, status int) {
		got := moorage.run(t, append([]string{"scan", "-o", "json"}, args...)...)
		var result struct {
			Findings []struct {
				ID      string
				Section string
				Objects []struct{ Name string }
			}
			Unknown []string
		}
		if err := json.Unmarshal([]byte(got.Stdout), &result); err != nil {
			t.Fatalf("scan %v ends with %d: %v\n%s%s", args, got.Status, err, got.Stdout, got.Stderr)
		}
		for _, f := range result.Findings {
			if f.ID != "volume-same-handle" {
				continue
			}
			if f.Section != "dataAtRisk" {
				t.Errorf("it is in section %s", f.Section)
			}
			var names []string
			for _, o := range f.Objects {
				names = append(names, o.Name)
			}
			found = append(found, names)
		}
		return found, result.Unknown, got.Status
	}
	found, unknown, status := sameHandle("--only", "dataAtRisk")
	if len(found) != 1 || !slices.Equal(found[0], []string{"scan-one", "scan-two"}) || status != 1 || len(unknown) > 0 {
		t.Errorf("scan finds %v and ends with %d, not knowing %q", found, status, unknown)
	}
	_, unknown, status = sameHandle("-n", ns, "--as", "scans-one")
	if said := strings.Join(unknown, "\n"); status != 2 || !strings.Contains(said, "persistentvolumes") {
		t.Errorf("who may see a namespace gets %d and what is not known as %q", status, said)
	}
	if err := volumes.Delete(t.Context(), "scan-two", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	within(t, time.Minute, "the volume to be gone", func(context.Context) (bool, error) {
		found, _, status = sameHandle("--only", "dataAtRisk")
		return len(found) == 0 && status == 0, nil
	})
}
