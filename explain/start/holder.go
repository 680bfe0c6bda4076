// SPDX-License-Identifier: Apache-2.0

package start

import (
	"cmp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// Holder is another node that has a volume which only one may have.
type Holder struct {
	Node Node
	// Attachment is nil where only a pod says that the node has the volume.
	Attachment *Attachment
	// Pods use the volume there.
	Pods []HolderPod
}

// HolderPod is a pod that uses the volume on another node.
type HolderPod struct {
	topology.Key
	// Deleting since when; the zero time where that is not known.
	Deleting bool
	Since    time.Time
	// Replaced tells that it is of the same workload as the pod that is asked about, of an earlier template: a rolling update.
	Replaced bool
	// Controller makes another in its place, such as 'StatefulSet db'.
	Controller string
}

// holders are the other nodes that have the volume, by name.
func (q *Question) holders(v *placement.Volume, attachments []Attachment, here string) []Holder {
	byNode := map[string]*Holder{}
	at := func(node Node) *Holder {
		if byNode[node.Name] == nil {
			byNode[node.Name] = &Holder{Node: node}
		}
		return byNode[node.Name]
	}
	for i := range attachments {
		if a := &attachments[i]; a.Node.Name != here && (a.Attached || a.Deleting) {
			at(a.Node).Attachment = a
		}
	}
	for pod := range q.Snapshot.Users(v.Claim.Key()) {
		if pod.Node == "" || pod.Node == here || pod.Terminal {
			continue
		}
		told := q.holderPod(pod)
		if told == nil {
			continue
		}
		h := at(q.node(pod.Node))
		h.Pods = append(h.Pods, *told)
	}
	var out []Holder
	for _, h := range byNode {
		slices.SortFunc(h.Pods, func(a, b HolderPod) int { return a.Compare(b.Key) })
		out = append(out, *h)
	}
	slices.SortFunc(out, func(a, b Holder) int { return cmp.Compare(a.Node.Name, b.Node.Name) })
	return out
}

// holderPod is what is known of a pod that uses the volume elsewhere; nil for one that does not hold it: it waits for its volumes like the one
// that is asked about, or has stopped.
func (q *Question) holderPod(pod *topology.Pod) *HolderPod {
	out := &HolderPod{Key: pod.Key(), Deleting: pod.Deleting}
	if q.Objects.Pod == nil {
		return out
	}
	whole := q.Objects.Pod(pod.Key())
	if whole == nil {
		return out
	}
	if whole.Status.Phase == corev1.PodPending && !mounted(whole) {
		return nil
	}
	if whole.DeletionTimestamp != nil {
		out.Since = whole.DeletionTimestamp.Time
	}
	out.Controller, out.Replaced = controllerOf(whole), replaces(q.Pod, whole)
	return out
}

// replaces reports whether a pod is of a Deployment whose older pod the other is: their ReplicaSets differ in the last part of their names.
func replaces(pod, older *corev1.Pod) bool {
	a, b := metav1.GetControllerOfNoCopy(pod), metav1.GetControllerOfNoCopy(older)
	if a == nil || b == nil || a.Kind != "ReplicaSet" || b.Kind != "ReplicaSet" || a.UID == b.UID && a.Name == b.Name {
		return false
	}
	i, j := strings.LastIndex(a.Name, "-"), strings.LastIndex(b.Name, "-")
	return i > 0 && j > 0 && a.Name[:i] == b.Name[:j]
}

// exclusive reports whether only one node may have the volume.
func exclusive(v *placement.Volume) bool {
	if v.Volume == nil {
		return v.Inline != nil && v.Inline.SingleAttach
	}
	modes := v.Volume.AccessModes
	return modes != 0 && modes&(topology.ReadOnlyMany|topology.ReadWriteMany) == 0
}
