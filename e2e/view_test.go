// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/e2e/zones"
)

// Someone with the ClusterRole 'view' alone, who may list neither nodes nor volumes nor classes, gets all that this tells: what runs, what
// claims are missing, what kube-scheduler says. What he may not see is said, and nothing is blamed for it.
func TestExplainByWhoMayView(t *testing.T) {
	c := control(t)
	nodes := pairsOfNodes(t, c, "zone-a", "zone-b")
	zonalStorage(t, nodes, zones.StorageOptions{}, "viewed")
	startScheduler(t, c, "")
	ns := namespace(t, c)
	createClaim(t, c, ns, "data", "viewed", "1Gi")
	createPod(t, c, ns, "runs", "data")
	awaitRunning(t, c, ns, "runs")
	createClaim(t, c, ns, "huge", "viewed", "900Ti")
	createPod(t, c, ns, "waits", "data", "huge")
	awaitUnschedulable(t, c, ns, "waits", "did not have enough free storage")
	createPod(t, c, ns, "mistyped", "dota")
	awaitUnschedulable(t, c, ns, "mistyped", `persistentvolumeclaim "dota" not found`)

	rbac := c.Client().RbacV1()
	view := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"}
	user := func(name string) []rbacv1.Subject {
		return []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: name}}
	}
	_, err := rbac.ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "viewer"}, RoleRef: view, Subjects: user("viewer"),
	}, metav1.CreateOptions{})
	_, inOne := rbac.RoleBindings(ns).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "viewer-of-one"}, RoleRef: view, Subjects: user("viewer-of-one"),
	}, metav1.CreateOptions{})
	if err = errors.Join(err, inOne); err != nil {
		t.Fatal(err)
	}
	cleanup(t, func(ctx context.Context) error {
		return rbac.ClusterRoleBindings().Delete(ctx, "viewer", metav1.DeleteOptions{})
	})

	moorage := newCommand(t, c.AdminKubeconfig())
	for _, who := range []string{"viewer", "viewer-of-one"} {
		for _, test := range []struct {
			args   string
			status int
			want   []string
		}{
			{"runs", 0, []string{"Pod " + ns + "/runs: the pod runs on node ", "data    data   Bound"}},
			{"waits", 1, []string{
				"Pod " + ns + "/waits: kube-scheduler finds no place for the pod", "did not have enough free storage",
				"your rights do not allow to list nodes", "your rights do not allow to list persistentvolumes",
			}},
			{"mistyped", 1, []string{"claim dota does not exist in namespace " + ns}},
			{"", 1, []string{"2 of 3 pods wait or hang in namespace " + ns + ": none of them can run as things are.", "claim dota does not exist"}},
			{"pvc data", 0, []string{": it is bound to volume pvc-", "used by pod runs on "}},
			{"pvc huge", 2, []string{"what it waits for cannot be looked at"}},
		} {
			got := moorage.run(t, append([]string{"explain", "-n", ns, "--as", who}, strings.Fields(test.args)...)...)
			if got.Status != test.status {
				t.Errorf("%s: explain %s ends with %d, want %d\n%s%s", who, test.args, got.Status, test.status, got.Stdout, got.Stderr)
				continue
			}
			said := strings.Join(strings.Fields(got.Stdout), " ")
			for _, want := range test.want {
				if !strings.Contains(said, strings.Join(strings.Fields(want), " ")) {
					t.Errorf("%s: explain %s does not say %q:\n%s", who, test.args, want, got.Stdout)
				}
			}
			for _, wrong := range []string{"there are no nodes", "fits nowhere", "does not exist; create the class", "0 nodes"} {
				if strings.Contains(got.Stdout, wrong) {
					t.Errorf("%s: explain %s says %q, which is not known:\n%s", who, test.args, wrong, got.Stdout)
				}
			}
			if !strings.Contains(got.Stderr, "An administrator can grant it:\n  kubectl create clusterrole ") {
				t.Errorf("%s: explain %s does not say how to get the rights: %s", who, test.args, got.Stderr)
			}
		}
		node := moorage.run(t, "explain", "node/x", "-n", ns, "--as", who)
		if node.Status != 2 || !strings.Contains(node.Stderr, "error: not allowed to list nodes") {
			t.Errorf("%s: explain node ends with %+v", who, node)
		}
	}
}
