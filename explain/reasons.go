// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology/placement"
)

// plugin is the plugin of kube-scheduler that a predicate agrees with; moorage's own predicates are the extender's. For a
// node it is the first plugin that refuses it whose reasons count, and then all of that plugin's.
var plugin = map[string]string{
	placement.ReadWriteOncePod: "VolumeRestrictions", placement.ExclusiveDisk: "VolumeRestrictions",
	placement.DriverRequired: "NodeVolumeLimits", placement.AttachLimits: "NodeVolumeLimits",
	placement.VolumeAffinity: "VolumeBinding", placement.ProvisioningTopology: "VolumeBinding", placement.PoolCapacity: "VolumeBinding",
	placement.VolumeZone: "VolumeZone",
}

// reasons are those that count in kube-scheduler's event, with the number of nodes.
func (q *asked) reasons() map[string]int {
	counts := map[string]int{}
	if q.held() {
		return counts
	}
	for i := range q.Snapshot.NumNodes() {
		for _, text := range q.textsOf(i) {
			counts[text]++
		}
	}
	return counts
}

// textsOf are the reasons that count for a node: one that VolumeBinding refuses has all of that plugin's, and any other the
// first.
func (q *asked) textsOf(node int) []string {
	var texts []string
	first := ""
	for i := range q.causes {
		c := &q.causes[i]
		if !c.nodes.Has(node) {
			continue
		}
		if len(texts) == 0 {
			first = plugin[c.predicate]
		} else if first != "VolumeBinding" || plugin[c.predicate] != first {
			break
		}
		if text := q.text(c); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// text is kube-scheduler's own for a reason.
func (q *asked) text(c *cause) string {
	switch c.reason {
	case placement.ReasonSelectedNode:
		// In-tree a node that was not selected is one on which nothing can be bound.
		return placement.ReasonNoVolume.String()
	case placement.ReasonDriverRequired:
		return c.subject + " CSI driver is not installed on the node"
	}
	return c.reason.String()
}
