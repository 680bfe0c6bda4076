// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var attachmentNodeGoneKind = Kind{
	ID: "attachment-node-gone", Section: Stuck,
	Means:     "A volume is attached to a node that does not exist any more, and nobody detaches it, so that no other node can have it.",
	Known:     "A VolumeAttachment whose spec.nodeName is the name of no Node; its deletionTimestamp and finalizers.",
	Not:       "Within 10 minutes of the attachment's deletion or creation, or of the last event that shows that the node was there: a forced detach takes six.",
	Remedy:    "make sure that the machine is off, then have the volume detached: delete the VolumeAttachment, and if it stays, look why its attacher does not act before its finalizer is taken away",
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
			Command:  "kubectl delete volumeattachment " + name,
		}
		what := "a volume"
		if v := a.Spec.Source.PersistentVolumeName; v != nil {
			what = "volume " + *v
			f.Hurts = c.heldBackBy(*v, a.Spec.NodeName)
		}
		f.Cause = fmt.Sprintf("%s is attached to node %s by attachment %s, and that node is not in the cluster", what, a.Spec.NodeName, name)
		if !a.Status.Attached {
			f.Cause = fmt.Sprintf("%s is asked for on node %s by attachment %s, and that node is not in the cluster", what, a.Spec.NodeName, name)
		}
		if a.DeletionTimestamp != nil {
			f.Evidence = append(f.Evidence, fmt.Sprintf("metadata.deletionTimestamp %s, finalizers %v", askedToGo(a).UTC().Format(time.RFC3339), a.Finalizers))
			f.Command = "kubectl get volumeattachment " + name + " -o yaml"
		}
		found = append(found, f)
	}
	return found
}

// nodeLastSeen is when a node that is gone is known to have been there: an event of the kubelet or of the node's controller says so.
func (c *Cluster) nodeLastSeen(name string) time.Time {
	var out time.Time
	for i := range c.events[eventKey{"Node", "", name}] {
		out = newest(out, c.events[eventKey{"Node", "", name}][i].Last)
	}
	return out
}

// heldBackBy are the pods elsewhere that have not started and use a volume which a node holds.
func (c *Cluster) heldBackBy(volume, node string) []Object {
	v := c.Volumes[volume]
	if v == nil || v.Spec.ClaimRef == nil {
		return nil
	}
	var out []Object
	for _, pod := range c.Users(topology.Key{Namespace: v.Spec.ClaimRef.Namespace, Name: v.Spec.ClaimRef.Name}) {
		if pod.Spec.NodeName != node && explain.Unstarted(pod) {
			out = append(out, podObject(topology.Key{Namespace: pod.Namespace, Name: pod.Name}))
		}
	}
	return out
}
