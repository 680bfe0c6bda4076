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
		if m.MountPropagation != nil && *m.MountPropagation != corev1.MountPropagationNone {
			visit(propagated{m})
		}
	})
}

// hostsOwn are the folders that are the host itself: nothing has to be mounted over one as a whole. Network and GPU plugins
// mount for the host below some of them, such as Calico in /sys/fs and Multus in /opt/cni/bin.
var hostsOwn = []string{"/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/proc", "/root", "/sbin", "/sys", "/usr", "/var"}

// propagationBidirectionalPath denies the host's own folders, and what is not below the roots that somebody has configured. It
// warns of folders that are only unusual.
func propagationBidirectionalPath(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		folder, known := p.hostFolder()
		if !known || !p.bidirectional() || belowAny(folder, in.Settings.BidirectionalRoots) {
			return
		}
		f := Finding{
			Path:    p.path(),
			Message: fmt.Sprintf("container %q may not mount host path %q as Bidirectional", p.container.Name, folder),
			Remediation: fmt.Sprintf("mount a folder below an allowed root (%s), or use HostToContainer if the container only has to "+
				"see the host's mounts", strings.Join(in.Settings.BidirectionalRoots, ", ")),
		}
		if !in.Settings.rootsGiven && !slices.Contains(hostsOwn, folder) {
			f.Action = Warn
			f.Message = fmt.Sprintf("container %q mounts host path %q as Bidirectional, which is none of the usual folders", p.container.Name, folder)
			f.Remediation = "use HostToContainer if the container only has to see the host's mounts; if it must mount for the host, " +
				"name the folder in webhook.bidirectionalRoots"
		}
		found = append(found, f)
	})
	return found
}

// belowAny says that a cleaned path is one of the cleaned roots or below one.
func belowAny(folder string, roots []string) bool {
	for _, root := range roots {
		if folder == root || root == "/" || strings.HasPrefix(folder, root+"/") {
			return true
		}
	}
	return false
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
	eachPropagated(in.Object, func(p propagated) {
		if folder, known := p.hostFolder(); !known || folder != "/" || p.ReadOnly {
			return
		}
		found = append(found, Finding{
			Path:    p.path(),
			Message: fmt.Sprintf("container %q mounts the host's / writable with %s propagation", p.container.Name, *p.MountPropagation),
		})
	})
	return found
}

// propagationIneffective fires on Bidirectional mounts from which nothing can ever reach the host or another container.
func propagationIneffective(in *Input) []Finding {
	var found []Finding
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
		case p.volume != nil && podsOwn(p.volume) && p.mountsOfVolume() == 1:
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

// mountsOfVolume counts the pod's mounts of the volume. One without propagation counts too: a container that starts later
// has the mounts that were there by then.
func (p propagated) mountsOfVolume() int {
	n := 0
	count := func(mounts []corev1.VolumeMount) {
		for i := range mounts {
			if mounts[i].Name == p.Name {
				n++
			}
		}
	}
	for i := range p.spec.InitContainers {
		count(p.spec.InitContainers[i].VolumeMounts)
	}
	for i := range p.spec.Containers {
		count(p.spec.Containers[i].VolumeMounts)
	}
	for i := range p.spec.EphemeralContainers {
		count(p.spec.EphemeralContainers[i].VolumeMounts)
	}
	return n
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
			Path: p.path(),
			Message: fmt.Sprintf("container %q mounts volume %q read-only with %s: what is mounted below it stays writable",
				p.container.Name, p.Name, *p.MountPropagation),
		})
	})
	return found
}
