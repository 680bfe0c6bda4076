// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// This file is about volumes that are a part of one node: a directory, a disk, a logical volume there. Where the node is gone, so is the data:
// no label brings it back.

// ofNode are the ends of the labels by which drivers say which node it is, beside kubernetes.io/hostname: topology.topolvm.io/node,
// openebs.io/nodename, topology.hostpath.csi/node and others.
var ofNode = []string{"/node", "/nodename", "/node-name", "/hostname"}

func namesNode(key string) bool {
	for _, end := range ofNode {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	return key == corev1.LabelHostname
}

// lostNode is LostNode of the snapshot that is asked about.
func (q *asked) lostNode(v *topology.Volume) string { return LostNode(q.Snapshot, v) }

// LostNode is the node that a volume was a part of and that is not in the cluster; empty for a volume that is none of a node, and for one
// whose node is there.
func LostNode(s *topology.Snapshot, v *topology.Volume) string {
	if v == nil || !s.Nodes(v.Affinity).Empty() {
		return ""
	}
	labels, ok := v.Affinity.Example()
	if !ok {
		return ""
	}
	for _, key := range v.Affinity.Keys() {
		if !namesNode(key) {
			continue
		}
		if _, known := s.NodeIndex(labels[key]); !known {
			return labels[key]
		}
	}
	return ""
}

// localVolume proposes what there is to do about a volume whose node is gone: the node comes back, or its data is given up.
func (q *asked) localVolume(c *cause) []proposal {
	v := &q.d.Volumes[c.volume]
	object := Object{"PersistentVolumeClaim", v.Claim.Namespace, v.Claim.Name}
	labels, _ := v.Volume.Affinity.Example()
	node := *q.Snapshot.Node(0)
	lost := q.lostNode(v.Volume)
	node.Name, node.Labels, node.Ready, node.Unschedulable, node.OutOfService = lost, labels, true, false, false
	giveUp := Change{Do: GiveUp, Object: object, Volume: v, Pods: []*topology.Pod{q.Pod}}
	if q.Whole != nil {
		if owner := metav1.GetControllerOfNoCopy(q.Whole); owner != nil {
			giveUp.Controller = owner.Kind
		}
	}
	if class := q.Snapshot.Class(v.Claim.Class); class == nil || !class.Provisions() {
		giveUp.Class = v.Claim.Class // Nobody makes a volume for the new claim.
	}
	return []proposal{
		{
			Change: Change{Do: ReturnNode, Object: Object{Kind: "Node", Name: lost}, Volume: v}, cost: costFix,
			apply: func(d *topology.Draft) { d.PutNode(&node) },
		},
		{
			Change: giveUp, cost: costMove,
			apply: func(d *topology.Draft) {
				claim := *v.Claim
				claim.UID = "" // It is another one, for which the old volume is not kept.
				claim.VolumeName, claim.BindCompleted, claim.SelectedNode, claim.HasSelectedNode = "", false, "", false
				d.PutClaim(&claim)
				if giveUp.Class != "" {
					d.PutVolume(volumeFor(&claim))
				}
			},
		},
	}
}

// isLostNode reports whether a cause is that a volume's node is gone.
func (q *asked) isLostNode(c *cause) bool {
	return c.reason == placement.ReasonVolumeAffinity && q.d.Volumes[c.volume].Claim != nil && q.lostNode(q.d.Volumes[c.volume].Volume) != ""
}
