// SPDX-License-Identifier: Apache-2.0

package moorage

import (
	"context"
	"errors"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// user is whom moorage is to the API server.
	user = "system:serviceaccount:moorage:moorage"
	// roleName is the name of the cluster role and of its binding.
	roleName = "moorage"
)

// role is all that moorage may do: read what its cache holds. No Secrets, no write.
var role = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"nodes", "pods", "persistentvolumes", "persistentvolumeclaims"}, Verbs: []string{"get", "list", "watch"}},
	{
		APIGroups: []string{"storage.k8s.io"},
		Resources: []string{"storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments"},
		Verbs:     []string{"get", "list", "watch"},
	},
}

// grant gives moorage its rights and returns a kubeconfig with which it has no others.
func (m *Moorage) grant(ctx context.Context) (kubeconfig string, err error) {
	rbac := m.control.Client().RbacV1()
	meta := metav1.ObjectMeta{Name: roleName}
	if _, err = rbac.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: role}, metav1.CreateOptions{}); err != nil {
		return "", err
	}
	_, err = rbac.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: roleName},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return m.control.Kubeconfig(user)
}

func (m *Moorage) revoke(ctx context.Context) error {
	rbac := m.control.Client().RbacV1()
	return errors.Join(
		gone(rbac.ClusterRoleBindings().Delete(ctx, roleName, metav1.DeleteOptions{})),
		gone(rbac.ClusterRoles().Delete(ctx, roleName, metav1.DeleteOptions{})),
	)
}

// gone makes 'not found' the success that it is for a deletion.
func gone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
