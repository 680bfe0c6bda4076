// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/nodeset"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// moveVolume proposes that the data of a bound volume is moved to where the pod could be otherwise: restored from a snapshot
// there, or copied.
func (q *asked) moveVolume(c *cause) []proposal {
	v := &q.d.Volumes[c.volume]
	if v.Volume == nil {
		return nil
	}
	elsewhere := func(affinity *topology.Selector) func(*topology.Draft) {
		return func(d *topology.Draft) {
			moved := *v.Volume
			moved.Affinity, moved.Zones = affinity, nil
			if m := moved.Migration; m != nil {
				there := *m
				there.Affinity = affinity
				moved.Migration = &there
			}
			d.PutVolume(&moved)
		}
	}
	// Where could the pod be if the volume were anywhere? The zone with the most such nodes is then tried for itself.
	change := Change{Do: MoveVolume, Object: Object{"PersistentVolumeClaim", v.Claim.Namespace, v.Claim.Name}, Volume: v}
	_, anywhere := q.with(nil, elsewhere(nil))
	if anywhere.Empty() { // Perhaps together with another change.
		return []proposal{{Change: change, cost: costMove, apply: elsewhere(nil)}}
	}
	place := anywhere
	affinity := (*topology.Selector)(nil)
	if zone := q.mostIn(anywhere); zone != "" {
		affinity = nodeset.PoolTopology(&metav1.LabelSelector{MatchLabels: map[string]string{q.zones.Key: zone}})
		place = q.Snapshot.Nodes(affinity)
	}
	at, now := q.zones.place(place), q.zones.place(c.allowed())
	change.At, change.Now = &at, &now
	return []proposal{{Change: change, cost: costMove, apply: elsewhere(affinity)}}
}

// mostIn is the zone that most of the nodes are in; of as many, the first.
func (q *asked) mostIn(nodes topology.NodeSet) string {
	counts := map[string]int{}
	best := ""
	for i := range nodes.All() {
		zone := q.zones.Zone(i)
		counts[zone]++
		if cmp.Or(-cmp.Compare(counts[zone], counts[best]), cmp.Compare(zone, best)) < 0 {
			best = zone
		}
	}
	return best
}

// forgetNode proposes that a claim is no longer provisioned for the node that was selected for it.
func (q *asked) forgetNode(c *cause) proposal {
	v := &q.d.Volumes[c.volume]
	return proposal{
		Change: Change{Do: ForgetNode, Object: Object{"PersistentVolumeClaim", v.Claim.Namespace, v.Claim.Name}, Volume: v}, cost: costFix,
		apply: func(d *topology.Draft) {
			claim := *v.Claim
			claim.SelectedNode, claim.HasSelectedNode = "", false
			d.PutClaim(&claim)
		},
	}
}

// tried is the name of a volume that is tried.
const tried = "~tried"

// makeVolume proposes, where a class allows too few nodes, that it allows all, and where it provisions nothing, a volume.
func (q *asked) makeVolume(c *cause) []proposal {
	v := &q.d.Volumes[c.volume]
	if v.Class.Provisions() {
		return []proposal{{
			Change: Change{Do: AllowEverywhere, Object: Object{Kind: "StorageClass", Name: v.Class.Name}, Class: v.Class.Name}, cost: costClass,
			apply: func(d *topology.Draft) {
				class := *v.Class
				class.Allowed = nil
				d.PutClass(&class)
			},
		}}
	}
	if v.Claim.HasSelectedNode {
		return []proposal{q.forgetNode(c)}
	}
	return append(append(q.adaptClaim(v), q.smallerClaims(v.Claim.Class)...), proposal{
		Change: Change{
			Do: CreateVolume, Object: Object{"PersistentVolumeClaim", v.Claim.Namespace, v.Claim.Name}, Volume: v, Class: v.Claim.Class, Bytes: v.Claim.Request,
		},
		cost: costVolume,
		apply: func(d *topology.Draft) {
			d.PutVolume(volumeFor(v.Claim))
		},
	})
}

// volumeFor is a volume that fits a claim, on any node.
func volumeFor(claim *topology.Claim) *topology.Volume {
	return &topology.Volume{
		Name: tried, Class: claim.Class, Capacity: claim.Request, AccessModes: claim.AccessModes, Block: claim.Block,
		AttributesClass: claim.AttributesClass, Available: true,
	}
}

// adaptClaim proposes to remove what is between a claim and the volumes that come nearest.
func (q *asked) adaptClaim(v *placement.Volume) []proposal {
	var out []proposal
	for _, n := range nearMisses(q.Snapshot, v.Claim) {
		if slices.Equal(n.Fails, []Misfit{MisfitSize}) || slices.ContainsFunc(n.Fails, func(m Misfit) bool {
			return m.far() > 2 || m == MisfitNode || m == MisfitPhase || m == MisfitUnclaimable
		}) {
			continue
		}
		out = append(out, proposal{
			Change: Change{Do: AdaptClaim, Object: Object{"PersistentVolume", "", n.Volume.Name}, Volume: v, Near: &n}, cost: costFix,
			apply: func(d *topology.Draft) {
				volume, claim := *n.Volume, *v.Claim
				claim.Request, claim.Block, claim.AttributesClass = min(claim.Request, volume.Capacity), volume.Block, volume.AttributesClass
				claim.Class, claim.AccessModes, claim.Selector = volume.Class, volume.AccessModes, nil
				if volume.HasClaimRef {
					volume.ClaimRefUID, volume.Available, volume.Released = "", true, false
				}
				d.PutVolume(&volume)
				d.PutClaim(&claim)
			},
		})
	}
	return out
}

// largest finds the largest number below most for which ok holds, in steps; 0 where there is none. ok must hold below a
// number for which it does.
func largest(most, step int64, ok func(int64) bool) int64 {
	low, high := int64(0), (most-1)/step
	for low < high {
		if middle := (low + high + 1) / 2; ok(middle * step) {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low * step
}

// stepFor is how exactly a size is looked for.
func stepFor(bytes int64) int64 {
	if bytes > 4<<30 {
		return 1 << 30
	}
	return 1 << 20
}

// smallerClaims proposes that one of the pod's claims of the class asks for less.
func (q *asked) smallerClaims(class string) []proposal {
	var out []proposal
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		if v.State != placement.Delayed || v.Claim.Class != class || !v.Claim.HasRequest {
			continue
		}
		asking := func(bytes int64) func(*topology.Draft) {
			return func(d *topology.Draft) {
				claim := *v.Claim
				claim.Request = bytes
				d.PutClaim(&claim)
			}
		}
		size := largest(v.Claim.Request, stepFor(v.Claim.Request), func(bytes int64) bool { return q.helps(asking(bytes)) })
		if size == 0 {
			continue
		}
		out = append(out, proposal{
			Change: Change{
				Do: ShrinkClaim, Object: Object{"PersistentVolumeClaim", v.Claim.Namespace, v.Claim.Name}, Volume: v, Bytes: size, Instead: v.Claim.Request,
			},
			cost: costNumber, apply: asking(size),
		})
	}
	return out
}
