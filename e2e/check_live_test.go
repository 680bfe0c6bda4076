// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// check --live asks about what is in the cluster: a workload once and not its pods, the classes that the namespace uses, with the rights of
// the person, and says what they do not let it see.
func TestCheckLive(t *testing.T) {
	c := control(t)
	ns := namespace(t, c)
	immediate := storagev1.VolumeBindingImmediate
	for _, name := range []string{"live-used", "live-unused"} {
		_, err := c.Client().StorageV1().StorageClasses().Create(t.Context(), &storagev1.StorageClass{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "ebs.csi.aws.com", VolumeBindingMode: &immediate,
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		cleanup(t, func(ctx context.Context) error {
			return c.Client().StorageV1().StorageClasses().Delete(ctx, name, metav1.DeleteOptions{})
		})
	}
	createClaim(t, c, ns, "data", "live-used", "1Gi")
	createClaim(t, c, ns, "lost", "nowhere", "1Gi")
	labels := map[string]string{"app": "web"}
	spec := corev1.PodSpec{
		Containers: []corev1.Container{{Name: "c", Image: "web", VolumeMounts: []corev1.VolumeMount{{Name: "etc", MountPath: "/host"}}}},
		Volumes:    []corev1.Volume{{Name: "etc", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/etc"}}}},
	}
	meta := metav1.ObjectMeta{Name: "web", Namespace: ns, Labels: labels}
	web, err := c.Client().AppsV1().Deployments(ns).Create(t.Context(), &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	controlled := true
	made := meta
	made.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: web.UID, Controller: &controlled}}
	made.Name, made.Labels = "web-1", map[string]string{"app": "web", appsv1.DefaultDeploymentUniqueLabelKey: "1"}
	set, err := c.Client().AppsV1().ReplicaSets(ns).Create(t.Context(), &appsv1.ReplicaSet{ObjectMeta: made, Spec: appsv1.ReplicaSetSpec{
		Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: spec},
	}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	made.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "web-1", UID: set.UID, Controller: &controlled}}
	for _, made.Name = range []string{"web-1-a", "web-1-b"} {
		if _, err = c.Client().CoreV1().Pods(ns).Create(t.Context(), &corev1.Pod{ObjectMeta: made, Spec: spec}, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = c.Client().RbacV1().RoleBindings(ns).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "sees-one"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "sees-one"}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	moorage := newCommand(t, c.AdminKubeconfig())
	const web1 = "hostpath-sensitive: volume \"etc\""
	all := []string{
		"StorageClass/live-used: warn binding-immediate-zonal:",
		"Deployment/" + ns + "/web: warn " + web1,
		"in: spec.template.spec.volumes[0].hostPath.path",
		"PersistentVolumeClaim/" + ns + "/lost: warn binding-class-missing:",
		" by what makes them: 3 warn",
	}
	for _, test := range []struct {
		args   string
		status int
		says   []string
		not    []string
	}{
		{"-n " + ns, 0, all, []string{"live-unused", "Pod/", "ReplicaSet/", "not read"}},
		{"-n " + ns + " --fail-on warn", 1, all, nil},
		{"-A -l app=web", 0, []string{"Deployment/" + ns + "/web: warn " + web1}, []string{"StorageClass/", "PersistentVolumeClaim/"}},
		{"-A", 0, []string{"StorageClass/live-used: warn", "StorageClass/live-unused: warn"}, nil},
		{"-n nothing-here", 0, []string{"Checked 0 objects of the cluster: nothing found"}, nil},
		{"-n " + ns + " -o lines", 0, []string{"Deployment/" + ns + "/web: " + web1}, []string{"Checked"}},
		{"-n " + ns + " -o sarif", 0, []string{`"fullyQualifiedName": "Deployment/` + ns + `/web, spec.template.spec.volumes[0].hostPath.path"`}, []string{"physicalLocation"}},
		{"-n " + ns + " -o github", 0, []string{"::warning title=hostpath-sensitive::Deployment/" + ns + "/web: volume"}, []string{"file="}},
		{"-n " + ns + " -o gitlab", 0, []string{`"path": "Deployment/` + ns + `/web"`}, nil},
		{"-n " + ns + " -o junit", 0, []string{`name="Deployment/` + ns + `/web hostpath-sensitive"`}, nil},
		// Who may see a namespace and nothing else learns of it, and of what is not seen.
		{"-n " + ns + " --as sees-one", 0, []string{
			"Deployment/" + ns + "/web: warn " + web1, "by what makes them: 1 warn", "not read: ", "nodes", "storageclasses.storage.k8s.io", "(not with your rights)",
		}, []string{"deployments.apps", "does not exist"}},
		{"-n " + ns + " --as sees-one --fail-on-unread", 1, []string{"not read: "}, nil},
		{"-n " + ns + " --as nobody", 2, nil, nil},
	} {
		got := moorage.run(t, append([]string{"check", "--live"}, strings.Fields(test.args)...)...)
		said := strings.Join(strings.Fields(got.Stdout), " ")
		if got.Status != test.status {
			t.Errorf("check --live %s ends with %d, want %d\n%s%s", test.args, got.Status, test.status, got.Stdout, got.Stderr)
		}
		for _, want := range test.says {
			if !strings.Contains(said, want) {
				t.Errorf("check --live %s does not say %q:\n%s", test.args, want, got.Stdout)
			}
		}
		for _, wrong := range test.not {
			if strings.Contains(said, wrong) {
				t.Errorf("check --live %s says %q:\n%s", test.args, wrong, got.Stdout)
			}
		}
	}

	known := moorage.run(t, "check", "--live", "-n", ns, "-o", "json")
	baseline := filepath.Join(t.TempDir(), "known.json")
	if err := os.WriteFile(baseline, []byte(known.Stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	got := moorage.run(t, "check", "--live", "-n", ns, "--baseline", baseline, "--fail-on", "warn")
	if got.Status != 0 || !strings.Contains(got.Stdout, "in the baseline") {
		t.Errorf("with all of it in the baseline it ends with %d:\n%s%s", got.Status, got.Stdout, got.Stderr)
	}
}
