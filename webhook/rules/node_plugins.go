// SPDX-License-Identifier: Apache-2.0

package rules

import "strings"

// isNodePlugin says that the pod, or the pods that a workload makes, is a CSI node plugin: some container mounts the kubelet's
// plugin registry, or a directory of its plugins, writable. That is how storage gets to a node. A pod that poses as one has
// what such a mount gives, and gains nothing besides.
//
// The kubelet's root differs between distributions (/var/lib/kubelet, /var/snap/microk8s/common/var/lib/kubelet,
// /var/lib/k0s/kubelet, /var/data/kubelet), its layout does not (pkg/kubelet/config/defaults.go).
func isNodePlugin(in *Input) bool {
	found := false
	eachHostMount(in, func(m hostMount) {
		found = found || (!m.ReadOnly && m.place.ofPlugins())
	})
	return found
}

// ofPlugins says that a place is the kubelet's plugin registry or the directory of its plugins, or below one of them.
func (p hostPlace) ofPlugins() bool {
	return strings.Contains(string(p)+"/", "/plugins_registry/") || strings.Contains(string(p)+"/", "/kubelet/plugins/")
}
