// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var attachmentNodeGoneKind = Kind{
	ID: "attachment-node-gone", Section: Stuck,
	Means: "A volume is attached to a node that does not exist any more, and nobody detaches it, so that no other node can have it.",
	Known: "A VolumeAttachment whose spec.nodeName is the name of no Node; its deletionTimestamp and finalizers.",
	Not:   "Within 10 minutes of the attachment's creation or deletion, or of the last event that shows that the node was there: a forced detach takes six.",
	Remedy: "make sure that the machine is off, then have the volume detached: delete the VolumeAttachment, and if it stays, look why its attacher does not act " +
		"before its finalizer is taken away",
	LosesData: "A machine that still runs and writes while another node gets the volume damages the file system.",
	Needs:     []topology.Kind{topology.KindNode, topology.KindAttachment},
	Explains:  true,
	Find:      attachmentNodeGone,
}

// detachGrace is how long a detachment may take: a forced one takes six minutes (attach_detach_controller.go of Kubernetes).
const detachGrace = 10 * time.Minute

func attachmentNodeGone(c *Cluster) []Finding {
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(c.Attachments)) {
		a := c.Attachments[name]
		if c.HasNode(a.Spec.NodeName) {
			continue
		}
		since := newest(a.CreationTimestamp.Time, askedToGo(a), c.nodeLastSeen(a.Spec.NodeName))
		if !c.lasts(since, detachGrace) {
			continue
		}
		f := Finding{
			Objects: []Object{attachmentObject(name)}, Since: since, LosesData: true,
			Evidence: []string{fmt.Sprintf("VolumeAttachment %s: spec.nodeName %s, and there is no such Node", name, a.Spec.NodeName)},
			Command:  typed("kubectl", "delete", "volumeattachment", name),
		}
		what := "a volume"
		if v := a.Spec.Source.PersistentVolumeName; v != nil {
			what = "volume " + *v
			f.Hurts = c.heldBackBy(*v, a.Spec.NodeName)
			for _, other := range c.AttachmentsOf(*v) {
				if other.Name != name && !other.Status.Attached && other.DeletionTimestamp == nil {
					f.Hurts = append(f.Hurts, attachmentObject(other.Name))
				}
			}
		}
		is := "attached to"
		if !a.Status.Attached {
			is = "asked for on"
		}
		f.Cause = fmt.Sprintf("%s is %s node %s by attachment %s, and that node is not in the cluster", what, is, a.Spec.NodeName, name)
		if a.DeletionTimestamp != nil {
			f.Evidence = append(f.Evidence, fmt.Sprintf("metadata.deletionTimestamp %s, finalizers %v", moment(askedToGo(a)), a.Finalizers))
			f.Command = typed("kubectl", "get", "volumeattachment", name, "-o", "yaml")
		}
		if e := a.Status.DetachError; e != nil {
			f.Evidence = append(f.Evidence, "status.detachError: "+e.Message)
		}
		found = append(found, f)
	}
	return found
}

// nodeLastSeen is when a node that is gone is known to have been there last: something was said of it, or by its kubelet.
func (c *Cluster) nodeLastSeen(name string) time.Time { return c.lastOfNode[name] }

// heldBackBy are the pods that have not started, use a volume, and are not on the node that has it.
func (c *Cluster) heldBackBy(volume, node string) []Object {
	return c.unstarted(volume, func(on string) bool { return on != node })
}

// unstarted are the pods that use a volume and have not started, on some nodes.
func (c *Cluster) unstarted(volume string, on func(node string) bool) []Object {
	var out []Object
	for _, pod := range c.podsOfVolume(volume) {
		if explain.Unstarted(pod) && on(pod.Spec.NodeName) {
			out = append(out, podObject(keyOf(pod)))
		}
	}
	return out
}

// podsOfVolume are the pods that use the claim of a volume.
func (c *Cluster) podsOfVolume(volume string) []*corev1.Pod {
	v := c.Volumes[volume]
	if v == nil || v.Spec.ClaimRef == nil {
		return nil
	}
	return c.Users(topology.Key{Namespace: v.Spec.ClaimRef.Namespace, Name: v.Spec.ClaimRef.Name})
}
