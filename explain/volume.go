// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

func (q *asked) volumes() []Volume {
	out := make([]Volume, len(q.d.Volumes))
	for i := range out {
		row := &out[i]
		row.Of, row.Eliminated = &q.d.Volumes[i], map[string]int{}
		allowed := q.Snapshot.AllNodes().Clone()
		for j := range q.causes {
			if c := &q.causes[j]; c.volume == i {
				allowed.AndNot(c.nodes)
				row.Eliminated[c.reason.String()] += c.nodes.Len()
			}
		}
		row.Allowed = q.zones.place(allowed)
		if row.Of.State == placement.Delayed {
			row.Existing, row.Provisioned = q.choices(i, allowed)
		}
	}
	return out
}

// choices counts the nodes on which the delayed claim would be bound to an existing volume, and on which provisioned.
func (q *asked) choices(volume int, nodes topology.NodeSet) (existing, provisioned int) {
	for i := range nodes.All() {
		for _, c := range q.v.Choices(i) {
			switch {
			case c.Volume != volume:
			case c.Existing != nil:
				existing++
			default:
				provisioned++
			}
		}
	}
	return existing, provisioned
}

// reservations are those of other pods in the classes that the pod wants room of, the largest first.
func (q *asked) reservations(of func(*topology.Snapshot, string) []Reservation) []Reservation {
	var out []Reservation
	for _, class := range q.delayedClasses() {
		for _, r := range of(q.Snapshot, class) {
			if !q.uses(r.Claim) {
				out = append(out, r)
			}
		}
	}
	return out
}

func (q *asked) uses(claim Object) bool {
	for i := range q.d.Volumes {
		if c := q.d.Volumes[i].Claim; c != nil && c.Namespace == claim.Namespace && c.Name == claim.Name {
			return true
		}
	}
	return false
}

// delayedClasses are the classes that the pod wants volumes of, each once, in the order of its volumes.
func (q *asked) delayedClasses() []string {
	var out []string
	seen := map[string]bool{}
	for i := range q.d.Volumes {
		if v := &q.d.Volumes[i]; v.State == placement.Delayed && !seen[v.Claim.Class] {
			seen[v.Claim.Class] = true
			out = append(out, v.Claim.Class)
		}
	}
	return out
}
