// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// The in-tree plugins that the attach-detach controller still attaches volumes by (ProbeAttachableVolumePlugins in
// cmd/kube-controller-manager). FlexVolume is one too, for drivers that are installed beside the controller; which these
// are the API does not tell.
const (
	iscsiPlugin = "kubernetes.io/iscsi"
	fcPlugin    = "kubernetes.io/fc"
)

// singleAttacher returns the CSI driver or the in-tree plugin by which the attach-detach controller attaches the volume,
// where it attaches it to one node at a time: where IsMultiAttachAllowed (pkg/volume/util of Kubernetes) says no. Empty for
// volumes that several nodes may have, for those whose access modes are not known, and for those that nobody attaches. A
// ReadWriteOncePod volume is left to the rule that keeps its second pod off every node.
//
// The volume is to be given as the controller sees it, translated to CSI (csiForm).
func singleAttacher(v *corev1.PersistentVolume) string {
	modes := AccessModesOf(v.Spec.AccessModes)
	if modes == 0 || modes&(ReadOnlyMany|ReadWriteMany|ReadWriteOncePod) != 0 {
		return ""
	}
	switch {
	case v.Spec.CSI != nil:
		return shared(v.Spec.CSI.Driver)
	case v.Spec.ISCSI != nil:
		return iscsiPlugin
	case v.Spec.FC != nil:
		return fcPlugin
	default:
		return ""
	}
}

// Attaches reports whether the attach-detach controller acts on volumes of the CSI driver or in-tree plugin: unless a
// CSIDriver object says attachRequired: false (skipAttach in pkg/volume/csi of Kubernetes).
func (s *Snapshot) Attaches(attacher string) bool {
	driver := s.Driver(attacher)
	return attacher != "" && (driver == nil || driver.AttachRequired)
}

// AppendUsers appends the pods that use the claim, whatever their state: Users without an allocation where there is none.
func (s *Snapshot) AppendUsers(to []*Pod, claim Key) []*Pod {
	names, _ := s.users.Get(claim)
	for _, name := range names {
		p, _ := s.pods.Get(Key{claim.Namespace, name})
		to = append(to, p)
	}
	return to
}

// AppendInlineUsers appends the pods that name the volume inline, whatever their state. It knows volumes that are attached
// to one node at a time (PodVolume.SingleAttach).
func (s *Snapshot) AppendInlineUsers(to []*Pod, driver, handle string) []*Pod {
	names, _ := s.inlineUsers.Get(Key{driver, handle})
	for _, pod := range names {
		namespace, name, _ := strings.Cut(pod, "/")
		p, _ := s.pods.Get(Key{namespace, name})
		to = append(to, p)
	}
	return to
}
