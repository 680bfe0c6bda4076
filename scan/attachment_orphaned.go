// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

var attachmentOrphanedKind = Kind{
	ID: "attachment-orphaned", Section: Stuck,
	Means: "A volume is attached to a node on which no pod uses it, and stays there: it takes an attach slot, and no other node can have it.",
	Known: "A VolumeAttachment with status.attached, and no pod on its node whose claim is the volume's.",
	Not: "Within 10 minutes of the end of the last pod that used it there, which is known by the pod or by events, or else of the attachment's creation or deletion; " +
		"for volumes that pods name inline.",
	Remedy:    "look in the logs of kube-controller-manager (attachdetach) why it is not detached; where the VolumeAttachment was made by nobody that is still there, delete it",
	LosesData: "Deleting the VolumeAttachment has the volume detached: nothing is lost where no process on the node has it mounted.",
	Needs:     []topology.Kind{topology.KindAttachment, topology.KindPod, topology.KindVolume},
	Explains:  true,
	Find:      attachmentOrphaned,
}

func attachmentOrphaned(c *Cluster) []Finding {
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(c.Attachments)) {
		a := c.Attachments[name]
		if !a.Status.Attached || a.Spec.Source.PersistentVolumeName == nil || c.explained[attachmentObject(name)] || !c.HasNode(a.Spec.NodeName) {
			continue
		}
		volume := *a.Spec.Source.PersistentVolumeName
		if slices.ContainsFunc(c.podsOfVolume(volume), usesOn(a.Spec.NodeName)) || c.inlineUser(volume, a.Spec.NodeName) {
			continue
		}
		since := newest(a.CreationTimestamp.Time, askedToGo(a), c.lastUse(volume, a.Spec.NodeName))
		if !c.lasts(since, detachGrace) {
			continue
		}
		f := Finding{Objects: []Object{attachmentObject(name)}, Hurts: c.heldBackBy(volume, a.Spec.NodeName), Since: since, LosesData: true}
		f.Cause = fmt.Sprintf("volume %s is attached to node %s, where no pod uses it", volume, a.Spec.NodeName)
		f.Evidence = []string{fmt.Sprintf("VolumeAttachment %s: status.attached true, spec.nodeName %s; no pod on that node names the volume's claim", name, a.Spec.NodeName)}
		if n := c.Nodes[a.Spec.NodeName]; n != nil && slices.ContainsFunc(n.Status.VolumesInUse, func(v corev1.UniqueVolumeName) bool { return inUse(string(v), c.Volumes[volume]) }) {
			f.Evidence = append(f.Evidence, fmt.Sprintf("Node %s: status.volumesInUse has the volume, so its kubelet has not unmounted it", n.Name))
			f.Remedy = "look in the log of the node's kubelet why it does not unmount the volume; restart the kubelet, or drain and restart the node"
		}
		f.Command = typed("kubectl", "delete", "volumeattachment", name)
		if a.DeletionTimestamp != nil {
			f.Evidence = append(f.Evidence, fmt.Sprintf("metadata.deletionTimestamp %s: external-attacher of %s has not detached it", moment(askedToGo(a)), a.Spec.Attacher))
			f.Command = typed("kubectl", "get", "volumeattachment", name, "-o", "yaml")
		}
		found = append(found, f)
	}
	return found
}

// usesOn reports whether a pod uses its volumes on the node: it is there and has not ended.
func usesOn(node string) func(*corev1.Pod) bool {
	return func(p *corev1.Pod) bool {
		return !ended(p) && (p.Spec.NodeName == node || p.Spec.NodeName == "" && p.Status.NominatedNodeName == node)
	}
}

// inlineUser reports whether a pod on the node names a volume's disk by itself.
func (c *Cluster) inlineUser(volume, node string) bool {
	seen := c.Snapshot.Volume(volume)
	if seen == nil {
		return false
	}
	driver, handle := seen.Driver, seen.Handle
	if m := seen.Migration; m != nil {
		driver, handle = m.Driver, m.Handle
	}
	for _, pod := range c.PodsOn(node) {
		if ended(pod) {
			continue
		}
		volumes := topology.PodFromAPI(pod).Volumes
		if slices.ContainsFunc(volumes, func(v topology.PodVolume) bool { return v.Driver != "" && v.Driver == driver && v.Handle == handle }) {
			return true
		}
	}
	return false
}

// lastUse is when a pod that used a volume on a node was seen to end; zero where nothing says so. A pod that is gone shows by what was said when its
// volume was attached there, and when it was killed.
func (c *Cluster) lastUse(volume, node string) time.Time {
	var out time.Time
	names := map[topology.Key]bool{}
	for _, pod := range c.podsOfVolume(volume) {
		names[keyOf(pod)] = true
		if ended(pod) && pod.Spec.NodeName == node {
			out = newest(out, endedAt(pod))
		}
	}
	for _, key := range c.attachedFor[volume] {
		names[key] = true
	}
	for key := range names {
		for _, e := range c.events[eventKey{string(topology.KindPod), key.Namespace, key.Name}] {
			if e.Reason == "Killing" || e.Reason == "SuccessfulAttachVolume" && attachedVolume(e.Message) == volume {
				out = newest(out, e.Last)
			}
		}
	}
	return out
}

// endedAt is when the last container of a pod ended; or else when its state changed last.
func endedAt(p *corev1.Pod) time.Time {
	var out time.Time
	for i := range p.Status.ContainerStatuses {
		if t := p.Status.ContainerStatuses[i].State.Terminated; t != nil {
			out = newest(out, t.FinishedAt.Time)
		}
	}
	if !out.IsZero() {
		return out
	}
	for i := range p.Status.Conditions {
		out = newest(out, p.Status.Conditions[i].LastTransitionTime.Time)
	}
	return out
}

// inUse reports whether a name that a kubelet gives to a volume is this one: kubernetes.io/csi/DRIVER^HANDLE.
func inUse(name string, v *corev1.PersistentVolume) bool {
	return v != nil && v.Spec.CSI != nil && name == "kubernetes.io/csi/"+v.Spec.CSI.Driver+"^"+v.Spec.CSI.VolumeHandle
}
