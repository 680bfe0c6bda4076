// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// attached is a volume of the pod that occupies an attach slot, by driver and handle.
type attached struct{ driver, handle string }

// attachments returns the distinct volumes by which the pod would occupy attach slots, and whether every one of them is
// known. An in-tree volume counts only on nodes that have a CSINode.
func (q *query) attachments() (native, migrated []attached) {
	for i := range q.d.Volumes {
		v := &q.d.Volumes[i]
		a, inTree := q.attachment(v)
		to := &native
		if inTree {
			to = &migrated
		}
		if a.driver != "" && !slices.Contains(*to, a) {
			*to = append(*to, a)
		}
	}
	return native, migrated
}

func (q *query) attachment(v *Volume) (a attached, inTree bool) {
	switch {
	case v.Inline != nil:
		return attached{v.Inline.Driver, v.Inline.Handle}, true
	case v.Claim == nil || v.State == Held:
		return attached{}, false
	case v.Volume != nil && v.Volume.Migration != nil:
		inTree = true
	case v.Volume == nil && v.Class != nil:
		driver, _ := q.s.ClaimAttachment(v.Claim)
		inTree = driver != v.Class.Provisioner
	}
	a.driver, a.handle = q.s.ClaimAttachment(v.Claim)
	return a, inTree
}

// attachLimits refuses the nodes that have too few free attach slots for the pod's volumes: kube-scheduler's
// nodevolumelimits. Without it the attach fails, and the pod waits on its node.
//
// A volume that is attached to the node already needs no slot. In-tree counts it twice when no pod of the node uses it, and
// so refuses the very node that still holds the volume of a pod that is being restarted.
func attachLimits(q *query) {
	native, migrated := q.attachments()
	all := append(native, migrated...)
	done := map[string]bool{}
	for _, a := range all {
		if done[a.driver] {
			continue
		}
		done[a.driver] = true
		slots, limited := q.s.AttachSlots(a.driver)
		if !limited {
			continue
		}
		var handles []string
		for _, b := range all {
			if b.driver == a.driver && !slices.Contains(handles, b.handle) {
				handles = append(handles, b.handle)
			}
		}
		q.refuse(PodLevel, ReasonAttachLimit, q.withoutSlots(slots, handles))
	}
}

func (q *query) withoutSlots(slots topology.AttachSlots, handles []string) topology.NodeSet {
	refused := topology.NewNodeSet(q.s.NumNodes())
	for i := range refused.Size() {
		if limit := slots.Limit(i); limit >= 0 && slots.Used(i)+len(handles) > limit {
			refused.Add(i)
		}
	}
	// What a node holds already it need not attach.
	held := map[int]int{}
	for _, handle := range handles {
		slots.EachHolder(handle, func(i int) { held[i]++ })
	}
	for i, n := range held {
		if more := len(handles) - n; more == 0 || slots.Used(i)+more <= slots.Limit(i) {
			refused.Remove(i)
		}
	}
	return refused
}
