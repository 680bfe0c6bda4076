// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/internal/rights"
)

// Whichever right of the chart's is taken away, one verb on one resource: doctor names it, and what it says is to be typed gives it
// back. While none is, doctor has nothing to object to. All by the real authoriser.
func TestDoctorNamesEachRightThatIsMissing(t *testing.T) {
	c := control(t)
	values, err := chart.Values([]byte(`
scheduler: {mode: existing}
config: {webhook: {schedulerName: {name: volume-scheduler, lease: {namespace: moorage-rights, name: volume-scheduler}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := installRights(t, c, chart.Options{Release: "moorage-rights", Namespace: "moorage-rights", Values: values})
	for _, role := range r.granted.Roles {
		r.takeAway(t, role)
	}
}

// The rights of the dedicated kube-scheduler are those that Kubernetes' own roles give to the cluster's, and those to its Lease; the webhook
// may read that Lease and has no right of a scheduler.
func TestDoctorNamesWhatTheDedicatedSchedulerMayNot(t *testing.T) {
	c := control(t)
	r := installRights(t, c, chart.Options{Release: "moorage-dedicated", Namespace: "moorage-dedicated"})
	shows := map[string]string{
		"system:kube-scheduler": "create pods/binding", "system:volume-scheduler": "update persistentvolumeclaims",
		"extension-apiserver-authentication-reader": "get configmaps extension-apiserver-authentication in namespace kube-system",
	}
	for _, binding := range r.granted.Bindings {
		if right := shows[binding.RoleRef.Name]; right != "" {
			r.account = accountOf(&binding)
			if len(binding.Subjects) != 1 || !strings.HasSuffix(r.account, "-scheduler") {
				t.Errorf("%v have the rights of %s", binding.Subjects, binding.RoleRef.Name)
			}
			r.unbind(t, binding)
			r.awaitPermissions(t, "failure", right)
			r.bind(t, binding)
			r.awaitPermissions(t, "ok", "")
			delete(shows, binding.RoleRef.Name)
		}
	}
	if len(shows) > 0 {
		t.Errorf("the chart does not bind %v", shows)
	}
	leases := 0
	for _, role := range r.granted.Roles {
		if role.Rules[0].Resources[0] == "leases" {
			leases++
			r.takeAway(t, role)
		}
	}
	if leases != 2 {
		t.Errorf("%d roles grant something on Leases, not the webhook's and the scheduler's", leases)
	}
}

// accountOf is the first service account that the binding is for, as namespace:name: the Deployment's. A DaemonSet's would be the next, which
// has no pods here.
func accountOf(b *rbacv1.RoleBinding) string {
	return b.Subjects[0].Namespace + ":" + b.Subjects[0].Name
}

// release is what of a release of the chart has to do with rights, in the cluster.
type release struct {
	client  kubernetes.Interface
	kubectl kubectl
	command command
	account string
	granted *chart.Rights
}

// installRights makes what doctor knows a release by (its pods, its configuration, its service account) and its rights, and returns when
// doctor is content with them.
func installRights(t *testing.T, c *controlplane.ControlPlane, options chart.Options) *release {
	t.Helper()
	rendered, err := chart.Render(options)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := rendered.Objects()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	r := &release{
		// The objects name their namespaces, one of which is kube-system.
		client: c.Client(), kubectl: newKubectl(t, c, "", dir), command: newCommand(t, c.AdminKubeconfig()),
		account: options.Namespace + ":" + options.Release,
	}
	if r.granted, err = rendered.Rights(); err != nil {
		t.Fatal(err)
	}
	kinds := []string{"ServiceAccount", "ConfigMap", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Deployment"}
	var manifest []byte
	for _, o := range objects {
		if chart.IsHook(o) || !slices.Contains(kinds, o.GetKind()) {
			continue
		}
		text, marshalErr := yaml.Marshal(o.Object)
		if marshalErr != nil {
			t.Fatal(marshalErr)
		}
		manifest = append(append(manifest, "---\n"...), text...)
	}
	if err = os.WriteFile(filepath.Join(dir, "release.yaml"), manifest, 0o600); err != nil {
		t.Fatal(err)
	}
	r.kubectl.must(t, "create", "namespace", options.Namespace)
	cleanup(t, func(ctx context.Context) error {
		_, err := r.kubectl.call(ctx, "delete", "--ignore-not-found", "-f", "release.yaml")
		return errors.Join(err, c.RemoveNamespace(ctx, options.Namespace))
	})
	r.kubectl.must(t, "create", "-f", "release.yaml")
	r.awaitPermissions(t, "ok", "")
	return r
}

// awaitPermissions returns when doctor says of the service account that all is well, or that it may not do this and nothing else is
// missing. The authoriser hears of changes a moment later.
func (r *release) awaitPermissions(t *testing.T, state, missing string) finding {
	t.Helper()
	words := "service account " + r.account + " has the "
	if missing != "" {
		words = "service account " + r.account + " may not " + missing
	}
	var last finding
	await(t, "doctor to say "+words, func(context.Context) (bool, error) {
		last = examine(t, r.command, 1)["permissions"]
		message, _, _ := strings.Cut(last.Message, ": rules that look at these are silent")
		return last.State == state && (message == words || missing == "" && strings.Contains(message, words)), nil
	})
	return last
}

// takeAway takes each of the role's rights away, one at a time.
func (r *release) takeAway(t *testing.T, role rbacv1.Role) {
	t.Helper()
	bound := slices.IndexFunc(r.granted.Bindings, func(b rbacv1.RoleBinding) bool { return b.RoleRef.Name == role.Name && b.Namespace == role.Namespace })
	if bound < 0 {
		t.Fatalf("nothing is bound to %s", role.Name)
	}
	r.account = accountOf(&r.granted.Bindings[bound])
	for i, rule := range role.Rules {
		singles := chart.Single(rule)
		for j, single := range singles {
			right := chart.Right(single, role.Namespace)
			less := role.DeepCopy()
			less.Rules = slices.Concat(role.Rules[:i], role.Rules[i+1:], singles[:j], singles[j+1:])
			r.update(t, less)
			state := "failure"
			if strings.HasPrefix(right.Resource, "volumesnapshot") || right.Resource == "volumeattributesclasses" {
				state = "warning" // Without these some rules are silent.
			}
			found := r.awaitPermissions(t, state, rights.Sentence([]rights.Right{right}))
			if i == 0 && j == 0 {
				r.obey(t, found.Fix)
			}
		}
	}
	r.update(t, role.DeepCopy())
	r.awaitPermissions(t, "ok", "")
}

// obey types what is to be done, sees that it helps, and takes it back.
func (r *release) obey(t *testing.T, fix string) {
	t.Helper()
	_, typed, _ := strings.Cut(fix, "\n")
	var back [][]string
	for line := range strings.Lines(typed) {
		words := strings.Fields(line)
		if len(words) < 4 || words[0] != "kubectl" || words[1] != "create" {
			t.Fatalf("what is to be typed is %q", line)
		}
		r.kubectl.must(t, words[1:]...)
		undo := []string{"delete", words[2], words[3]}
		if strings.HasPrefix(words[4], "--namespace=") {
			undo = append(undo, words[4])
		}
		back = append(back, undo)
	}
	if len(back) == 0 {
		t.Fatalf("nothing is to be typed:\n%s", fix)
	}
	r.awaitPermissions(t, "ok", "")
	for _, undo := range back {
		r.kubectl.must(t, undo...)
	}
}

func (r *release) update(t *testing.T, role *rbacv1.Role) {
	t.Helper()
	var err error
	if role.Namespace == "" {
		_, err = r.client.RbacV1().ClusterRoles().Update(t.Context(), &rbacv1.ClusterRole{ObjectMeta: role.ObjectMeta, Rules: role.Rules}, metav1.UpdateOptions{})
	} else {
		_, err = r.client.RbacV1().Roles(role.Namespace).Update(t.Context(), role, metav1.UpdateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r *release) unbind(t *testing.T, b rbacv1.RoleBinding) {
	t.Helper()
	var err error
	if b.Namespace == "" {
		err = r.client.RbacV1().ClusterRoleBindings().Delete(t.Context(), b.Name, metav1.DeleteOptions{})
	} else {
		err = r.client.RbacV1().RoleBindings(b.Namespace).Delete(t.Context(), b.Name, metav1.DeleteOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r *release) bind(t *testing.T, b rbacv1.RoleBinding) {
	t.Helper()
	var err error
	if b.Namespace == "" {
		_, err = r.client.RbacV1().ClusterRoleBindings().Create(t.Context(),
			&rbacv1.ClusterRoleBinding{ObjectMeta: b.ObjectMeta, RoleRef: b.RoleRef, Subjects: b.Subjects}, metav1.CreateOptions{})
	} else {
		_, err = r.client.RbacV1().RoleBindings(b.Namespace).Create(t.Context(), &b, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}
