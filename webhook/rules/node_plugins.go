// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

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

// csiSidecars are in the names of the images that stand beside a CSI driver in its pods, with whatever registry and tag.
var csiSidecars = []string{
	"csi-provisioner", "csi-attacher", "csi-resizer", "csi-snapshotter", "csi-node-driver-registrar", "csi-external-health-monitor-controller",
	"external-provisioner", "external-attacher", "external-resizer", "external-snapshotter", "node-driver-registrar",
}

// isStorageDriver says that the pod is a CSI driver's, of its controller or its nodes: one of the sidecars is in it, or a container that has the
// address of the driver in a variable. Who poses as one is spared advice, and gets nothing besides.
func isStorageDriver(in *Input) bool {
	found := false
	eachContainer(in.Object, func(_ *corev1.PodSpec, c container) {
		found = found || slices.ContainsFunc(csiSidecars, func(name string) bool { return strings.Contains(c.Image, name) }) ||
			slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == "CSI_ENDPOINT" })
	})
	return found
}

// agentTrees are where agents of a node work by trade: its devices and kernel, its logs, and what the kubelet and the container runtime keep for
// plugins of networks, devices and storage.
var agentTrees = []string{
	"/dev", "/sys", "/proc", "/run", "/var/log", "/lib/modules", "/usr/lib/modules", "/usr/src", "/etc/cni", "/usr/libexec/kubernetes/kubelet-plugins",
	"/usr/share/containers/oci", "/etc/kubernetes/node-feature-discovery", "/var/lib/docker/containers", "/var/lib/kubelet/device-plugins",
	"/var/lib/kubelet/plugins", "/var/lib/kubelet/plugins_registry", "/var/lib/kubelet/pods", "/var/lib/kubelet/pod-resources", "/var/lib/kubelet/seccomp",
}

// ofAgents says that agents of a node work in the place as a matter of course.
func (p hostPlace) ofAgents() bool { return belowAny(string(p), agentTrees) }
