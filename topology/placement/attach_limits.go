// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// attached is a volume of the pod that occupies an attach slot.
type attached struct {
	driver, handle string
	// migrated is an in-tree volume that a CSI driver serves; it counts only on nodes that have a CSINode.
	migrated bool
}

// attachments returns the volumes by which the pod would occupy attach slots, each driver and handle once.
func (q *query) attachments() []attached {
	out := make([]attached, 0, len(q.d.Volumes))
	for i := range q.d.Volumes {
		a := q.attachment(&q.d.Volumes[i])
		if a.driver == "" {
			continue
		}
		same := func(o attached) bool { return o.driver == a.driver && o.handle == a.handle }
		if at := slices.IndexFunc(out, same); at >= 0 {
			out[at].migrated = out[at].migrated && a.migrated
		} else {
			out = append(out, a)
		}
	}
	return out
}

func (q *query) attachment(v *Volume) (a attached) {
	switch {
	case v.Inline != nil:
		return attached{v.Inline.Driver, v.Inline.Handle, true}
	case v.Claim == nil || v.State == Held:
		return attached{}
	}
	a.driver, a.handle = q.s.ClaimAttachment(v.Claim)
	if v.Volume != nil {
		a.migrated = v.Volume.Migration != nil
	} else {
		a.migrated = v.Class != nil && v.Class.Provisioner != a.driver
	}
	return a
}

// attachLimits rules out the nodes that have too few free attach slots for the pod's volumes: kube-scheduler's
// nodevolumelimits. Without it the attach fails, and the pod waits on its node.
//
// A volume that is attached to the node already needs no slot. In-tree counts it twice when no pod of the node uses it, and
// so refuses the very node that still holds the volume of a pod that is being restarted.
func attachLimits(q *query) {
	volumes := q.attachments()
	for i, a := range volumes {
		if slices.ContainsFunc(volumes[:i], func(before attached) bool { return before.driver == a.driver }) {
			continue
		}
		slots, limited := q.s.AttachSlots(a.driver)
		if !limited {
			continue
		}
		q.refuseFor(a.driver, ReasonAttachLimit, q.withoutSlots(slots, handlesOf(volumes[i:], a.driver)))
	}
}

func attachLimitsBecause(q *query, e *Elimination, node int) Evidence {
	slots, _ := q.s.AttachSlots(e.Subject)
	handles := handlesOf(q.attachments(), e.Subject)
	return Evidence{
		Driver: e.Subject, Wanted: int64(len(handles) - held(slots, handles)[node]), Had: int64(slots.Limit(node) - slots.Used(node)),
	}
}

// handlesOf returns the handles of those of the volumes that the driver serves.
func handlesOf(volumes []attached, driver string) []string {
	var handles []string
	for i := range volumes {
		if volumes[i].driver == driver {
			handles = append(handles, volumes[i].handle)
		}
	}
	return handles
}

func (q *query) withoutSlots(slots topology.AttachSlots, handles []string) topology.NodeSet {
	refused := topology.NewNodeSet(q.s.NumNodes())
	for i := range refused.Size() {
		if limit := slots.Limit(i); limit >= 0 && slots.Used(i)+len(handles) > limit {
			refused.Add(i)
		}
	}
	// What a node holds already it need not attach.
	for i, n := range held(slots, handles) {
		if more := len(handles) - n; more == 0 || slots.Used(i)+more <= slots.Limit(i) {
			refused.Remove(i)
		}
	}
	return refused
}

// held counts by node how many of the volumes it holds already.
func held(slots topology.AttachSlots, handles []string) map[int]int {
	var held map[int]int
	for _, handle := range handles {
		slots.EachHolder(handle, func(i int) {
			if held == nil {
				held = map[int]int{}
			}
			held[i]++
		})
	}
	return held
}
