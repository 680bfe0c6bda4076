// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"

	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var selectedNodeGoneKind = Kind{
	ID: "selected-node-gone", Section: Stuck,
	Means:  "A claim is to be provisioned for a node that is gone, or on which its driver cannot: kube-scheduler has chosen it, and the claim waits for it alone.",
	Known:  "The claim's annotation volume.kubernetes.io/selected-node, and the Node and CSINode of that name.",
	Not:    "Within 120 seconds of the claim's creation, of the node's last sign of life, or of the first failure there. For claims that have their volume.",
	Remedy: "take the annotation away, so that kube-scheduler chooses again; where a pod of the claim has been bound to that node, delete the pod as well",
	Needs:  []topology.Kind{topology.KindClaim, topology.KindNode, topology.KindCSINode, topology.KindClass},

	Explains: true,
	Find:     selectedNodeGone,
}

func selectedNodeGone(c *Cluster) []Finding {
	if c.Snapshot.NumNodes() == 0 {
		return nil
	}
	var found []Finding
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		node := claim.Annotations[storagehelpers.AnnSelectedNode]
		if node == "" || !pending(claim) || claim.Spec.VolumeName != "" || c.explained[claimObject(key)] {
			continue
		}
		var why string
		since := newest(claim.CreationTimestamp.Time, c.nodeLastSeen(node))
		switch i, known := c.Snapshot.NodeIndex(node); {
		case !known:
			why = "which is not in the cluster"
		default:
			e := c.explainClaim(key)
			if e == nil || e.Class == nil {
				continue
			}
			lacks := e.Class.Driver != "" && c.Snapshot.Node(i).HasCSINode && c.Snapshot.Node(i).Driver(e.Class.Driver) == nil && !c.Snapshot.RegisteredOn(e.Class.Driver).Empty()
			switch {
			case lacks:
				why, since = fmt.Sprintf("where its driver %s is not registered", e.Class.Driver), claim.CreationTimestamp.Time
			case e.Is == explain.ClaimForWrongNode && e.Warning != nil && !passes(e):
				why, since = "which refuses it: "+e.Warning.Message, newest(claim.CreationTimestamp.Time, e.Warning.First)
			default:
				continue
			}
		}
		if !c.lasts(since, claimGrace) {
			continue
		}
		f := Finding{Objects: []Object{claimObject(key)}, Hurts: c.usersOf(key), Since: since}
		f.Cause = fmt.Sprintf("the volume of claim %s is to be made for node %s, %s", key, node, why)
		f.Evidence = []string{fmt.Sprintf("PersistentVolumeClaim %s: annotation %s: %s", key, storagehelpers.AnnSelectedNode, node)}
		f.Command = typed("kubectl", "annotate", "pvc", key.Name, "-n", key.Namespace, storagehelpers.AnnSelectedNode+"-")
		found = append(found, f)
	}
	return found
}

func passes(e *explain.ClaimExplanation) bool {
	known := e.Warning.Known()
	return known != nil && known.Passing
}
