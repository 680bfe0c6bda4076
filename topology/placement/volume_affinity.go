// SPDX-License-Identifier: Apache-2.0

package placement

import "github.com/moorage-k8s/moorage/topology"

// volumeAffinity rules out the nodes that a bound volume cannot be reached from: checkBoundClaims of kube-scheduler's
// volumebinding. Without it a pod is sent to a zone where its volume is not.
func volumeAffinity(q *query) {
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.State != Bound {
			continue
		}
		if m := v.Volume.Migration; m != nil {
			q.refuse(i, ReasonVolumeAffinity, q.unreachableMigrated(v.Volume, m))
			continue
		}
		if v.Volume.Affinity == nil {
			continue
		}
		q.refuse(i, ReasonVolumeAffinity, q.outside(v.Volume.Affinity))
	}
}

// unreachableMigrated asks an in-tree volume's own affinity on the nodes where its plugin is not migrated, and that of its
// translation where it is. Where it cannot be translated nothing is decided.
func (q *query) unreachableMigrated(v *topology.Volume, m *topology.Migration) topology.NodeSet {
	migrated := q.s.MigratedOn(m.Plugin)
	refused := q.outside(v.Affinity)
	refused.AndNot(migrated)
	if m.Err == nil {
		there := migrated.Clone()
		there.AndNot(q.s.Nodes(m.Affinity))
		refused.Or(there)
	}
	return refused
}

func volumeAffinityBecause(q *query, e *Elimination, node int) Evidence {
	v := q.d.Volumes[e.Volume].Volume
	if m := v.Migration; m != nil && q.s.MigratedOn(m.Plugin).Has(node) {
		return Evidence{Conditions: []*topology.Selector{m.Affinity}}
	}
	return Evidence{Conditions: []*topology.Selector{v.Affinity}}
}
