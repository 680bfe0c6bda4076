// SPDX-License-Identifier: Apache-2.0

package explain

import "github.com/moorage-k8s/moorage/topology"

// NodeLocal reports whether a volume is a part of one node, as far as its affinity says: no other node of the same zone can have it.
func NodeLocal(v *topology.Volume) bool {
	if v.HostPath != "" || v.Source == "local" || v.Source == "hostPath" {
		return true
	}
	for _, key := range v.Affinity.Keys() {
		if namesNode(key) {
			return true
		}
	}
	return false
}

// NamesNode reports whether a label says which node it is, such as kubernetes.io/hostname or topology.topolvm.io/node.
func NamesNode(key string) bool { return namesNode(key) }
