// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var volumeNodeGoneKind = Kind{
	ID: "volume-node-gone", Section: DataAtRisk,
	Means: "A volume is a part of a node (a directory, a disk, a logical volume there), and no such node is in the cluster: its data is there and nowhere else.",
	Known: "The PersistentVolume's spec.nodeAffinity matches no Node, and it is of type local or hostPath, or names a node by a label such as kubernetes.io/hostname or " +
		"topology.topolvm.io/node; spec.claimRef and the claim.",
	Not: "For volumes that any node of a zone can have: an empty zone comes back. For a volume without a claim, unless it is Released and its policy is Retain.",
	Remedy: "bring the node back under its name with its disks; if the machine is lost, its data is as well: restore a backup into a new claim, " +
		"then delete the claim and the volume",
	LosesData: "Deleting the claim and the volume gives up what is on the node's disks.",
	Needs:     []topology.Kind{topology.KindNode, topology.KindVolume},
	Explains:  true,
	Find:      volumeNodeGone,
}

func volumeNodeGone(c *Cluster) []Finding {
	if c.Snapshot.NumNodes() == 0 {
		return nil
	}
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(c.Volumes)) {
		v, seen := c.Volumes[name], c.Snapshot.Volume(name)
		if seen == nil || seen.Affinity == nil || !c.Snapshot.Nodes(seen.Affinity).Empty() {
			continue
		}
		node, ofNode := explain.LostNode(c.Snapshot, seen), v.Spec.Local != nil || v.Spec.HostPath != nil
		claim := c.ClaimOf(v)
		kept := v.Status.Phase == corev1.VolumeReleased && v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimRetain
		if node == "" && (!ofNode || slices.Contains(seen.Affinity.Keys(), corev1.LabelHostname)) || claim == nil && !kept { // The node is there under its name.
			continue
		}
		f := Finding{Objects: []Object{volumeObject(name)}, Hurts: c.claimAndUsers(v), LosesData: true, Command: explainCommand("pv", topology.Key{Name: name})}
		where := "a node that is not in the cluster"
		if node != "" {
			where = "node " + node + ", which is not in the cluster"
			f.Since = c.nodeLastSeen(node)
		}
		holds := "the data of a claim that is gone"
		if claim != nil {
			holds = "the data of claim " + keyOf(claim).String()
		}
		f.Cause = fmt.Sprintf("volume %s with %s is a part of %s", name, holds, where)
		f.Evidence = []string{fmt.Sprintf("PersistentVolume %s: spec.nodeAffinity wants %s, which no node meets", name, seen.Affinity)}
		found = append(found, f)
	}
	return found
}
