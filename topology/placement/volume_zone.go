// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// volumeZone rules out the nodes outside the zones and regions that a volume's labels name: kube-scheduler's volumezone. It
// concerns volumes made before node affinity, and looks at volumes that the pod names by claim, not at ephemeral ones.
func volumeZone(q *query) {
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.State != Bound || v.Ephemeral {
			continue
		}
		for _, zone := range v.Volume.Zones {
			q.refuse(i, ReasonVolumeZone, q.outside(zone))
		}
	}
}

func volumeZoneBecause(q *query, e *Elimination, node int) (out Evidence) {
	for _, zone := range q.d.Volumes[e.Volume].Volume.Zones {
		if q.outside(zone).Has(node) {
			out.Conditions = append(out.Conditions, zone)
		}
	}
	return out
}

// outside returns the nodes that do not meet the condition.
func (q *query) outside(condition *topology.Selector) topology.NodeSet {
	out := q.s.Nodes(condition).Clone()
	out.Not()
	return out
}
