// SPDX-License-Identifier: Apache-2.0

package moorage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// user is whom moorage is to the API server.
	user = "system:serviceaccount:moorage:moorage"
	// roleName is the name of the cluster role and of its binding.
	roleName = "moorage"
)

// role is all that moorage may do where the configuration asks for no more: read what its cache holds. No Secrets, no write.
var role = []rbacv1.PolicyRule{
	{APIGroups: []string{""}, Resources: []string{"nodes", "pods", "persistentvolumes", "persistentvolumeclaims"}, Verbs: []string{"get", "list", "watch"}},
	{
		APIGroups: []string{"storage.k8s.io"},
		Resources: []string{"storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments", "volumeattributesclasses"},
		Verbs:     []string{"get", "list", "watch"},
	},
	{
		APIGroups: []string{"snapshot.storage.k8s.io"},
		Resources: []string{"volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"},
		Verbs:     []string{"get", "list", "watch"},
	},
}

// Grant gives moorage its rights.
func (m *Moorage) Grant(ctx context.Context) error {
	rbac := m.control.Client().RbacV1()
	meta := metav1.ObjectMeta{Name: roleName}
	if _, err := rbac.ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: slices.Concat(role, m.rights)}, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("grant moorage its rights: %w", err)
	}
	_, err := rbac.ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: roleName},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("grant moorage its rights: %w", err)
	}
	return nil
}

// Revoke takes moorage's rights away and returns when the API server refuses it: a moorage that starts then cannot read the
// cluster. One that has read it goes on, as its watches do.
func (m *Moorage) Revoke(ctx context.Context) error {
	rbac := m.control.Client().RbacV1()
	err := errors.Join(
		gone(rbac.ClusterRoleBindings().Delete(ctx, roleName, metav1.DeleteOptions{})),
		gone(rbac.ClusterRoles().Delete(ctx, roleName, metav1.DeleteOptions{})),
	)
	if err != nil {
		return fmt.Errorf("revoke moorage's rights: %w", err)
	}
	err = wait.PollUntilContextTimeout(ctx, asksPoll, asksWithin, true, func(ctx context.Context) (bool, error) {
		review, reviewErr := m.control.Client().AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
			Spec: authorizationv1.SubjectAccessReviewSpec{
				User: user, ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "list", Resource: "nodes"},
			},
		}, metav1.CreateOptions{})
		return reviewErr == nil && !review.Status.Allowed, reviewErr
	})
	if err != nil {
		return fmt.Errorf("wait for the API server to refuse moorage: %w", err)
	}
	return nil
}

// gone makes 'not found' the success that it is for a deletion.
func gone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
