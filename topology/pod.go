// SPDX-License-Identifier: Apache-2.0

package topology

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Pod is a pod as far as its volumes go. Immutable.
type Pod struct {
	Namespace, Name string
	UID             types.UID
	// Node is empty until the pod is assigned to one.
	Node string
	// Terminal is a phase of Succeeded or Failed; Deleting is a deletion timestamp.
	Terminal, Deleting bool
	// Gated tells that the pod has scheduling gates, so that kube-scheduler does not look at it.
	Gated bool
	// Owner is the UID of the controlling owner, such as a StatefulSet.
	Owner types.UID
	// Group is the name of the pod's PodGroup, with which it is scheduled; empty for a pod of none.
	Group string
	// Volumes are those that moorage looks at, in the pod's order; others are left out.
	Volumes []PodVolume
}

// PodVolume is a volume of a pod that comes from a claim, or one that the pod names inline: a disk, or one of a CSI driver.
type PodVolume struct {
	// Name is the volume's name in the pod.
	Name string
	// Claim is the claim's name, in the pod's namespace; empty for an inline volume.
	Claim string
	// Ephemeral is a generic ephemeral volume: its claim must be owned by the pod.
	Ephemeral bool
	// Disk is set for an inline disk that pods on one node may not share freely.
	Disk *Disk
	// Driver and Handle are set for an inline volume of an in-tree plugin that a CSI driver serves now; Plugin names it.
	Plugin, Driver, Handle string
	// SingleAttach reports whether the attach-detach controller attaches that volume to one node at a time.
	SingleAttach bool
	// NodeDriver is the driver of an inline volume of the kind csi: the node makes it for the pod, and nobody attaches it.
	NodeDriver string
}

func (v *PodVolume) same(o *PodVolume) bool {
	return v.Name == o.Name && v.Claim == o.Claim && v.Ephemeral == o.Ephemeral && v.Plugin == o.Plugin &&
		v.Driver == o.Driver && v.Handle == o.Handle && v.SingleAttach == o.SingleAttach && v.NodeDriver == o.NodeDriver &&
		(v.Disk == o.Disk || (v.Disk != nil && o.Disk != nil && v.Disk.same(o.Disk)))
}

// Key is the pod's namespace and name.
func (p *Pod) Key() Key { return Key{p.Namespace, p.Name} }

// EphemeralClaimName is the name of the claim that Kubernetes makes for a pod's generic ephemeral volume
// (k8s.io/component-helpers/storage/ephemeral).
func EphemeralClaimName(pod, volume string) string { return pod + "-" + volume }

// podWithVolumes trims a pod, and is nil for one without volumes that moorage looks at.
func podWithVolumes(p *corev1.Pod) *Pod {
	if pod := PodFromAPI(p); len(pod.Volumes) > 0 {
		return pod
	}
	return nil
}

// PodFromAPI trims a pod. The pod is not kept and not changed.
func PodFromAPI(p *corev1.Pod) *Pod {
	out := &Pod{
		Namespace: shared(p.Namespace),
		Name:      p.Name,
		UID:       p.UID,
		Node:      shared(p.Spec.NodeName),
		Terminal:  p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed,
		Deleting:  p.DeletionTimestamp != nil,
		Gated:     len(p.Spec.SchedulingGates) > 0,
	}
	if ref := metav1.GetControllerOfNoCopy(p); ref != nil {
		out.Owner = types.UID(shared(string(ref.UID)))
	}
	if g := p.Spec.SchedulingGroup; g != nil && g.PodGroupName != nil {
		out.Group = shared(*g.PodGroupName)
	}
	for i := range p.Spec.Volumes {
		v := &p.Spec.Volumes[i]
		switch {
		case v.PersistentVolumeClaim != nil:
			out.Volumes = append(out.Volumes, PodVolume{Name: shared(v.Name), Claim: v.PersistentVolumeClaim.ClaimName})
		case v.Ephemeral != nil:
			out.Volumes = append(out.Volumes, PodVolume{Name: shared(v.Name), Claim: EphemeralClaimName(p.Name, v.Name), Ephemeral: true})
		case v.CSI != nil:
			out.Volumes = append(out.Volumes, PodVolume{Name: shared(v.Name), NodeDriver: shared(v.CSI.Driver)})
		default:
			inline := PodVolume{Name: shared(v.Name), Disk: diskOf(v)}
			if inline.migrateInline(v, p.Namespace); inline.Disk != nil || inline.Driver != "" {
				out.Volumes = append(out.Volumes, inline)
			}
		}
	}
	return out
}
