// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// DefaultBidirectionalRoots are the folders below which CSI drivers and storage systems mount for the host: the kubelet's
// root of the common distributions, and Longhorn's.
var DefaultBidirectionalRoots = []string{
	"/var/lib/kubelet",
	"/var/lib/k0s/kubelet",
	"/var/snap/microk8s/common/var/lib/kubelet",
	"/var/lib/longhorn",
}

// withDefaults returns the settings with what is not set filled in, and every path cleaned.
func (s Settings) withDefaults() (Settings, error) {
	roots := s.BidirectionalRoots
	if roots == nil {
		roots = DefaultBidirectionalRoots
	}
	clean := make([]string, 0, len(roots))
	for _, root := range roots {
		if !path.IsAbs(root) {
			return Settings{}, fmt.Errorf("configure the allowed roots of Bidirectional mounts: %q is not an absolute path", root)
		}
		clean = append(clean, path.Clean(root))
	}
	s.rootsGiven = s.BidirectionalRoots != nil
	s.BidirectionalRoots = clean
	return s, nil
}

// propagated is a mount that asks for propagation.
type propagated struct{ mount }

func (p propagated) path() *field.Path { return p.mount.path().Child("mountPropagation") }

func (p propagated) bidirectional() bool {
	return *p.MountPropagation == corev1.MountPropagationBidirectional
}

func eachPropagated(obj runtime.Object, visit func(propagated)) {
	eachMount(obj, func(m mount) {
		if m.propagates() {
			visit(propagated{m})
		}
	})
}

func eachPropagatedOfHost(in *Input, visit func(propagated, hostPlace)) {
	eachHostMount(in, func(m hostMount) {
		if m.propagates() {
			visit(propagated{m.mount}, m.place)
		}
	})
}

// hostsPrograms are the directories of the host's programs and configuration: no agent needs to mount over one of them as a
// whole. Agents that are as privileged as a Bidirectional mount has to be do mount /, /sys and others so, storage drivers among
// them (NetApp Trident and democratic-csi the root), and own the node anyway.
var hostsPrograms = []string{"/bin", "/boot", "/etc", "/lib", "/lib64", "/root", "/sbin", "/usr"}

// propagationBidirectionalPath denies the directories of the host's programs, and, where the configuration says by name that it
// wants to be strict, whatever is not below the allowed roots. It warns of directories that are only unusual.
func propagationBidirectionalPath(in *Input) []Finding {
	strict := in.Settings.rootsGiven || in.demanded
	var found []Finding
	eachPropagatedOfHost(in, func(p propagated, place hostPlace) {
		folder := string(place)
		if !p.bidirectional() || belowAny(folder, in.Settings.BidirectionalRoots) {
			return
		}
		f := Finding{
			Path: p.path(), Volume: p.Name,
			Message: fmt.Sprintf("container %q may not mount host path %q as Bidirectional", p.container.Name, folder),
			Remediation: fmt.Sprintf("mount a folder below an allowed root (%s), or use HostToContainer if the container only has to "+
				"see the host's mounts", strings.Join(in.Settings.BidirectionalRoots, ", ")),
		}
		if !strict && !slices.Contains(hostsPrograms, folder) {
			f.Action = Warn
			f.Message = fmt.Sprintf("container %q mounts host path %q as Bidirectional, which is none of the usual folders", p.container.Name, folder)
			f.Remediation = "use HostToContainer if the container only has to see the host's mounts; if it must mount for the host, " +
				"name the folder in webhook.bidirectionalRoots"
		}
		found = append(found, f)
	})
	return found
}

// propagationBidirectionalUnprivileged explains the one rule that the API server has about propagation
// (pkg/apis/core/validation/validation.go, validateMountPropagation). It holds for templates too; before Kubernetes
// validated StatefulSets' templates, those failed only when the pod was made.
func propagationBidirectionalUnprivileged(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		if !p.bidirectional() || p.container.privileged() {
			return
		}
		found = append(found, Finding{
			Path:         p.path(),
			Message:      fmt.Sprintf("container %q mounts volume %q as Bidirectional and is not privileged", p.container.Name, p.Name),
			RefusedByAPI: true,
		})
	})
	return found
}

func propagationHostRoot(in *Input) []Finding {
	var found []Finding
	eachPropagatedOfHost(in, func(p propagated, place hostPlace) {
		if place != "/" || p.ReadOnly {
			return
		}
		found = append(found, Finding{
			Path: p.path(), Volume: p.Name,
			Message: fmt.Sprintf("container %q mounts the host's / writable with %s propagation", p.container.Name, *p.MountPropagation),
		})
	})
	return found
}

// propagationIneffective fires on Bidirectional mounts from which nothing can ever reach the host or another container.
func propagationIneffective(in *Input) []Finding {
	var found []Finding
	// A mount without propagation counts too: a container that starts later has the mounts that were there by then.
	mounts := map[*corev1.Volume]int{}
	eachMount(in.Object, func(m mount) { mounts[m.volume]++ })
	eachPropagated(in.Object, func(p propagated) {
		if !p.bidirectional() {
			return
		}
		f := Finding{Path: p.path()}
		what := fmt.Sprintf("container %q mounts volume %q as Bidirectional", p.container.Name, p.Name)
		switch {
		case p.ReadOnly:
			f.Message = what + " and read-only: it cannot make folders to mount on"
			f.Remediation = "drop readOnly if the container mounts for others, else use HostToContainer"
		case p.spec.HostUsers != nil && !*p.spec.HostUsers:
			// user_namespaces(7), mount_namespaces(7): in a mount namespace owned by another user namespace every shared mount
			// becomes a slave.
			f.Message = what + " in a user namespace (hostUsers: false): the kernel lets no mount out of it"
			f.Remediation = "drop hostUsers: false, or use HostToContainer"
		case p.volume != nil && podsOwn(p.volume) && mounts[p.volume] == 1:
			f.Message = what + ", and no other container mounts that volume"
			f.Remediation = "mount the volume in the container that is to see the mounts too, or drop mountPropagation"
		default:
			return
		}
		found = append(found, f)
	})
	return found
}

// podsOwn says that a volume is a folder which the kubelet makes for this one pod.
func podsOwn(v *corev1.Volume) bool {
	return v.EmptyDir != nil || v.Secret != nil || v.ConfigMap != nil || v.DownwardAPI != nil || v.Projected != nil
}

// propagationSubPath fires on propagation together with a subPath. The kubelet bind-mounts the folder for the container
// without what is mounted below it (pkg/volume/util/subpath/subpath_linux.go, doBindSubPath).
func propagationSubPath(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		if p.SubPath == "" && p.SubPathExpr == "" {
			return
		}
		found = append(found, Finding{
			Path: p.path(),
			Message: fmt.Sprintf("container %q mounts a subPath of volume %q with %s propagation: what is already mounted below it is missing",
				p.container.Name, p.Name, *p.MountPropagation),
		})
	})
	return found
}

// propagationReadOnlyNotRecursive fires on readOnly with HostToContainer. Only the mount itself is read-only then, and the
// API server allows recursiveReadOnly on mounts without propagation alone (pkg/apis/core/validation/validation.go,
// validateMountRecursiveReadOnly).
func propagationReadOnlyNotRecursive(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		if !p.ReadOnly || p.bidirectional() || p.hostFile() {
			return
		}
		found = append(found, Finding{
			Path: p.path(), Volume: p.Name,
			Message: fmt.Sprintf("container %q mounts volume %q read-only with %s: what is mounted below it stays writable",
				p.container.Name, p.Name, *p.MountPropagation),
		})
	})
	return found
}
