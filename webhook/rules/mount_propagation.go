// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"path"
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
	s.BidirectionalRoots = clean
	return s, nil
}

// propagated is a mount that asks for propagation.
type propagated struct {
	*corev1.VolumeMount
	container container
	index     int
	// volume is nil if the pod has none of that name, which the API server refuses.
	volume *corev1.Volume
}

func (p propagated) path() *field.Path {
	return p.container.path().Child("volumeMounts").Index(p.index).Child("mountPropagation")
}

func (p propagated) bidirectional() bool {
	return *p.MountPropagation == corev1.MountPropagationBidirectional
}

// hostFolder is the host's folder whose mounts take part, cleaned. A subPath narrows it, because propagation follows the
// mount that the folder lies on. It is unknown for volumes that are not hostPath, and with a subPathExpr, whose value only
// the kubelet knows.
func (p propagated) hostFolder() (folder string, known bool) {
	if p.volume == nil || p.volume.HostPath == nil || p.SubPathExpr != "" {
		return "", false
	}
	host := p.volume.HostPath.Path
	if !path.IsAbs(host) {
		return "", false
	}
	return path.Join(host, path.Join("/", p.SubPath)), true
}

func eachPropagated(obj runtime.Object, visit func(propagated)) {
	eachContainer(obj, func(spec *corev1.PodSpec, c container) {
		for i := range c.VolumeMounts {
			m := &c.VolumeMounts[i]
			if m.MountPropagation == nil || *m.MountPropagation == corev1.MountPropagationNone {
				continue
			}
			visit(propagated{m, c, i, volumeNamed(spec, m.Name)})
		}
	})
}

func propagationBidirectionalPath(in *Input) []Finding {
	var found []Finding
	eachPropagated(in.Object, func(p propagated) {
		folder, known := p.hostFolder()
		if !known || !p.bidirectional() || belowAny(folder, in.Settings.BidirectionalRoots) {
			return
		}
		found = append(found, Finding{
			Path:    p.path(),
			Message: fmt.Sprintf("container %q may not mount host path %q as Bidirectional", p.container.Name, folder),
			Remediation: fmt.Sprintf("mount a folder below an allowed root (%s), or use HostToContainer if the container only has to "+
				"see the host's mounts", strings.Join(in.Settings.BidirectionalRoots, ", ")),
		})
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
