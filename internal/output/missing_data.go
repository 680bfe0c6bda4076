// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"

	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/text"
)

// missingData says which Secrets and ConfigMaps a volume waits for.
func missingData(list []start.MissingData) string {
	var gone, keys []string
	for _, m := range list {
		if m.Key == "" {
			gone = append(gone, fmt.Sprintf("%s %s", m.Kind, m.Name))
		} else {
			keys = append(keys, fmt.Sprintf("%s %s has no key %s, which the volume lists under items", m.Kind, m.Name, m.Key))
		}
	}
	switch len(gone) {
	case 0:
		return text.And(keys)
	case 1:
		return text.And(append([]string{gone[0] + " does not exist"}, keys...))
	default:
		return text.And(append([]string{text.And(gone) + " do not exist"}, keys...))
	}
}

// dataHelp is what to do about them.
func dataHelp(list []start.MissingData, namespace string) []string {
	out := make([]string, len(list))
	for i, m := range list {
		if out[i] = fmt.Sprintf("create %s %s in namespace %s, correct the name, or mark it optional in the pod's volume; the kubelet tries again by itself",
			m.Kind, m.Name, namespace); m.Key != "" {
			out[i] = fmt.Sprintf("add the key %s to %s %s, correct items, or mark the source optional; the kubelet tries again by itself", m.Key, m.Kind, m.Name)
		}
	}
	return out
}
