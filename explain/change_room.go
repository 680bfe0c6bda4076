// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// maxPools is how many pools of a class are tried, those with most room.
const maxPools = 4

// moreRoom proposes smaller claims, larger pools, and other classes.
func (q *asked) moreRoom(c *cause) []proposal {
	class := q.blamed(c).Class
	out := append(q.smallerClaims(class), q.largerPools(class)...)
	return append(out, q.otherClasses(class)...)
}

// largerPools proposes more room in one pool: as little as it takes.
func (q *asked) largerPools(class string) []proposal {
	var wanted int64
	for i := range q.d.Volumes {
		if v := &q.d.Volumes[i]; v.State == placement.Delayed && v.Claim.Class == class {
			wanted = topology.AddBytes(wanted, v.Claim.Request)
		}
	}
	var out []proposal
	rooms := q.v.Rooms(class).Pools
	for _, r := range rooms[:min(len(rooms), maxPools)] {
		larger := func(by int64) func(*topology.Draft) {
			return func(d *topology.Draft) {
				pool := *r.Pool
				pool.Capacity = topology.AddBytes(max(pool.Capacity, 0), by)
				if pool.MaximumVolumeSize >= 0 {
					pool.MaximumVolumeSize = topology.AddBytes(pool.MaximumVolumeSize, by)
				}
				d.PutPool(&pool)
			}
		}
		most := topology.AddBytes(wanted, r.Reserved)
		if !q.helps(larger(most)) {
			continue
		}
		// The least that suffices is the most less the largest that can be spared.
		more := most - largest(most, stepFor(most), func(spared int64) bool { return q.helps(larger(most - spared)) })
		at := q.zones.place(r.Nodes)
		out = append(out, proposal{
			Change: Change{Do: AddRoom, Object: Object{"CSIStorageCapacity", r.Pool.Namespace, r.Pool.Name}, Class: class, Bytes: more, At: &at},
			cost:   costNumber, apply: larger(more),
		})
	}
	return out
}

// otherClasses proposes that the claims of a class are made of another.
func (q *asked) otherClasses(class string) []proposal {
	var out []proposal
	for _, key := range q.Snapshot.Keys(topology.KindClass) {
		other := q.Snapshot.Class(key.Name)
		if other.Name == class || !other.Delayed || !other.Provisions() {
			continue
		}
		if q.unserved(&placement.Volume{Class: other, Claim: &topology.Claim{}}) != nil {
			continue // The pod would wait for a driver in place of room.
		}
		out = append(out, proposal{
			Change: Change{Do: SwitchClass, Object: Object{Kind: "StorageClass", Name: other.Name}, Class: class, Other: other.Name}, cost: costClass,
			apply: func(d *topology.Draft) {
				for i := range q.d.Volumes {
					if v := &q.d.Volumes[i]; v.State == placement.Delayed && v.Claim.Class == class {
						claim := *v.Claim
						claim.Class, claim.SelectedNode, claim.HasSelectedNode = other.Name, "", false
						d.PutClaim(&claim)
					}
				}
			},
		})
		if len(out) == maxPools {
			break
		}
	}
	return out
}
