// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/zones"
)

// Somebody with the cluster roles of docs/rights.md, and no other right, gets a whole answer of every command.
func TestDocumentedRightsAreEnough(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a")
	zonalStorage(t, nodes, zones.StorageOptions{}, "zonal")
	startMoorage(t, c, moorage.Options{})
	ns := namespace(t, c)
	createPodOfTwoClaims(t, c, ns, "db")
	kubeconfig, err := c.Kubeconfig("jane")
	if err != nil {
		t.Fatal(err)
	}
	jane := newCommand(t, kubeconfig)
	documented := documentedRoles(t)

	grantTo(t, c, "jane", documented["moorage-reader"])
	if got := jane.run(t, "explain", "pod", "db", "-n", ns); got.Status != 0 {
		t.Errorf("a reader's explain ends with %d:\n%s%s", got.Status, got.Stdout, got.Stderr)
	}
	if got := jane.run(t, "capture"); got.Status != 0 || strings.Contains(got.Stderr, "left out") || !strings.Contains(got.Stdout, `{"kind":"Namespace"`) {
		t.Errorf("a reader's capture ends with %d:\n%s", got.Status, got.Stderr)
	}
	finds(t, examine(t, jane, 0, "-n", ns), map[string]string{
		"permissions": "ok: you may get and list all that explain, simulate, map and capture read", "webhook-configuration": "skipped: not allowed",
		"webhook-answers": "skipped: not allowed", "capacities": "ok",
	})

	grantTo(t, c, "jane", documented["moorage-doctor"])
	got := examine(t, jane, 0, "-n", ns, "--service-account", "moorage:moorage")
	finds(t, got, map[string]string{"permissions": "ok: service account moorage:moorage", "webhook-configuration": "ok", "webhook-answers": "ok"})
	for name, f := range got {
		if strings.Contains(f.Message, "not allowed") {
			t.Errorf("the check %s needs more than what is documented: %s", name, f.Message)
		}
	}
}

// documentedRoles are the cluster roles that docs/rights.md shows, by name.
func documentedRoles(t *testing.T) map[string]*rbacv1.ClusterRole {
	t.Helper()
	page, err := os.ReadFile("../docs/rights.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*rbacv1.ClusterRole{}
	for _, block := range strings.Split(string(page), "```yaml\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		role := &rbacv1.ClusterRole{}
		if err = yaml.UnmarshalStrict([]byte(block), role); err != nil {
			t.Fatal(err)
		}
		out[role.Name] = role
	}
	return out
}

// grantTo gives a user a cluster role until the test ends.
func grantTo(t *testing.T, c *controlplane.ControlPlane, user string, role *rbacv1.ClusterRole) {
	t.Helper()
	if role == nil {
		t.Fatal("the page does not show the role")
	}
	rbac := c.Client().RbacV1()
	if _, err := rbac.ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	_, err := rbac.ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error {
		return errors.Join(rbac.ClusterRoleBindings().Delete(ctx, role.Name, metav1.DeleteOptions{}), rbac.ClusterRoles().Delete(ctx, role.Name, metav1.DeleteOptions{}))
	})
}
