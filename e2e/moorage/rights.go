// SPDX-License-Identifier: Apache-2.0

package moorage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
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

	// AuthorityNamespace is where a moorage with an authority of its own keeps it.
	AuthorityNamespace = "moorage"
	// AuthoritySecret is the Secret that it keeps it in.
	AuthoritySecret = "moorage-ca" //nolint:gosec // a name
	authorityName   = "moorage-authority"
)

// authorityRole is what an authority of moorage's own needs in its namespace; authorityClusterRole, in the cluster.
var (
	authorityRole = []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{AuthoritySecret}, Verbs: []string{"get", "update"}},
	}
	authorityClusterRole = []rbacv1.PolicyRule{{
		APIGroups:     []string{"admissionregistration.k8s.io"},
		Resources:     []string{"mutatingwebhookconfigurations", "validatingwebhookconfigurations"},
		ResourceNames: []string{"moorage"}, Verbs: []string{"get", "update"},
	}}
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

// grantAuthority makes the empty Secret of moorage's own authority, and gives the right to that Secret and to the webhook
// configurations. To create Secrets is no right that moorage has to have.
func (m *Moorage) grantAuthority(ctx context.Context) error {
	client := m.control.Client()
	meta := metav1.ObjectMeta{Name: authorityName, Namespace: AuthorityNamespace}
	subject := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}
	_, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: AuthorityNamespace}}, metav1.CreateOptions{})
	if err == nil {
		_, err = client.CoreV1().Secrets(AuthorityNamespace).Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: AuthoritySecret, Namespace: AuthorityNamespace},
		}, metav1.CreateOptions{})
	}
	if err == nil {
		_, err = client.RbacV1().Roles(AuthorityNamespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: authorityRole}, metav1.CreateOptions{})
	}
	if err == nil {
		_, err = client.RbacV1().RoleBindings(AuthorityNamespace).Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: authorityName}, Subjects: subject,
		}, metav1.CreateOptions{})
	}
	meta.Namespace = ""
	if err == nil {
		_, err = client.RbacV1().ClusterRoles().Create(ctx, &rbacv1.ClusterRole{ObjectMeta: meta, Rules: authorityClusterRole}, metav1.CreateOptions{})
	}
	if err == nil {
		_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: authorityName}, Subjects: subject,
		}, metav1.CreateOptions{})
	}
	if err != nil {
		return fmt.Errorf("grant moorage the rights of its authority: %w", err)
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
		gone(rbac.ClusterRoleBindings().Delete(ctx, authorityName, metav1.DeleteOptions{})),
		gone(rbac.ClusterRoles().Delete(ctx, authorityName, metav1.DeleteOptions{})),
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
