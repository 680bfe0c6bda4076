// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// MoorageRights are the rights that the chart gives to a moorage which the cluster's own kube-scheduler asks, as it does in the suites:
// a moorage.Rights. A dedicated kube-scheduler would bring its own rights with it.
func MoorageRights(config map[string]any, ownAuthority bool) ([]*unstructured.Unstructured, error) {
	tls := map[string]any{"mode": "secret", "secret": map[string]any{"name": "in-a-file"}}
	if ownAuthority {
		tls = map[string]any{"mode": "self"}
	}
	rendered, err := Render(Options{Values: map[string]any{
		"scheduler": map[string]any{"mode": "existing", "existing": map[string]any{"via": "Service", "service": map[string]any{"secretName": "in-a-file"}}}, "tls": tls, "config": config,
	}})
	if err != nil {
		return nil, err
	}
	all, err := rendered.Objects()
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, o := range all {
		switch o.GetKind() {
		case "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret":
			if !IsHook(o) {
				out = append(out, o)
			}
		}
	}
	return out, nil
}
