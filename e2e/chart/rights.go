// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/internal/rights"
)

// Rights is what the chart grants, hooks left out. Kind and namespace of a ClusterRole and a ClusterRoleBinding have an empty
// namespace: both sorts are in one form.
type Rights struct {
	Roles    []rbacv1.Role
	Bindings []rbacv1.RoleBinding
}

// Rights returns the roles and bindings.
func (r *Rendered) Rights() (*Rights, error) {
	objects, err := r.Objects()
	if err != nil {
		return nil, err
	}
	out := &Rights{}
	for _, o := range objects {
		if IsHook(o) {
			continue
		}
		switch o.GetKind() {
		case "Role", "ClusterRole":
			role := rbacv1.Role{}
			err = as(o, &role)
			out.Roles = append(out.Roles, role)
		case "RoleBinding", "ClusterRoleBinding":
			binding := rbacv1.RoleBinding{}
			err = as(o, &binding)
			out.Bindings = append(out.Bindings, binding)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// IsHook reports whether Helm makes the object for a moment only.
func IsHook(o *unstructured.Unstructured) bool { return o.GetAnnotations()["helm.sh/hook"] != "" }

func as(o *unstructured.Unstructured, into any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
		return fmt.Errorf("read %s %s of the chart: %w", o.GetKind(), o.GetName(), err)
	}
	return nil
}

// Of are a service account's rights by the chart's own roles, and the names of the roles that it has and that Kubernetes itself makes,
// sorted.
func (r *Rights) Of(namespace, account string) (granted []rights.Right, ofKubernetes []string) {
	for _, b := range r.Bindings {
		if !slices.Contains(b.Subjects, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}) {
			continue
		}
		at := ""
		if b.RoleRef.Kind == "Role" {
			at = b.Namespace
		}
		i := slices.IndexFunc(r.Roles, func(role rbacv1.Role) bool { return role.Namespace == at && role.Name == b.RoleRef.Name })
		if i < 0 {
			ofKubernetes = append(ofKubernetes, b.RoleRef.Name)
			continue
		}
		for _, rule := range r.Roles[i].Rules {
			for _, one := range Single(rule) {
				granted = append(granted, Right(one, b.Namespace))
			}
		}
	}
	slices.Sort(ofKubernetes)
	return rights.Together(granted), ofKubernetes
}

// Single are the rules of one verb, one resource and at most one name that a rule stands for.
func Single(rule rbacv1.PolicyRule) []rbacv1.PolicyRule {
	names := [][]string{nil}
	if len(rule.ResourceNames) > 0 {
		names = nil
		for _, name := range rule.ResourceNames {
			names = append(names, []string{name})
		}
	}
	var out []rbacv1.PolicyRule
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, name := range names {
				for _, verb := range rule.Verbs {
					out = append(out, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, ResourceNames: name, Verbs: []string{verb}})
				}
			}
		}
	}
	return out
}

// Right is what a rule of Single grants in a namespace, or everywhere where that is empty.
func Right(single rbacv1.PolicyRule, namespace string) rights.Right {
	r := rights.Right{Verb: single.Verbs[0], Group: single.APIGroups[0], Resource: single.Resources[0], Namespace: namespace}
	if len(single.ResourceNames) > 0 {
		r.Name = single.ResourceNames[0]
	}
	return r
}
