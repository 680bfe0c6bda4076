// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

func (q *asked) volumes() []Volume {
	out := make([]Volume, len(q.d.Volumes))
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		row := Volume{Volume: v.Name, Claim: v.ClaimName, State: v.State.String(), Driver: v.Driver(), Eliminated: map[string]int{}}
		if v.Claim != nil {
			row.Class, row.Bytes = v.Claim.Class, v.Claim.Request
		}
		if v.Volume != nil {
			row.PersistentVolume, row.Bytes = v.Volume.Name, v.Volume.Capacity
		}
		refused := topology.NewNodeSet(q.Snapshot.NumNodes())
		for j := range q.causes {
			if c := &q.causes[j]; c.volume == i {
				refused.Or(c.nodes)
				row.Eliminated[c.reason.String()] += c.nodes.Len()
			}
		}
		row.Where = q.where(i, refused)
		out[i] = row
	}
	return out
}

// where tells on which nodes the volume alone would allow the pod, and for a delayed claim what becomes of it.
func (q *asked) where(volume int, refused topology.NodeSet) string {
	v := &q.d.Volumes[volume]
	if v.State == placement.Held {
		return "held back by kube-scheduler"
	}
	allowed := refused.Clone()
	allowed.Not()
	where := q.zones.on(allowed)
	if v.State != placement.Delayed {
		return where
	}
	existing, provisioned := q.choices(volume, allowed)
	switch {
	case existing == 0 && provisioned == 0:
		return where
	case existing == 0:
		return "provisioned " + where
	case provisioned == 0:
		return "an existing volume, " + where
	default:
		return fmt.Sprintf("an existing volume on %s, provisioned on %d", count(existing, "node"), provisioned)
	}
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
