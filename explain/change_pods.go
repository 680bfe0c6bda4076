// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// waitForHolders proposes that the pods which hold a volume go.
func (q *asked) waitForHolders(c *cause) []proposal {
	holders := q.blamed(c).pods
	keys := make([]topology.Key, len(holders))
	for i, pod := range holders {
		keys[i] = pod.Key()
	}
	gone := " is gone, or delete it"
	if len(holders) > 1 {
		gone = " are gone, or delete them"
	}
	return []proposal{{
		object: Object{"Pod", keys[0].Namespace, keys[0].Name}, cost: costWait,
		apply: func(d *topology.Draft) { d.RemovePods(keys...) },
		say:   func(string) string { return "wait until " + q.holders(holders) + gone },
	}}
}

// maxSlotNodes is on how many nodes it is tried to free attach slots.
const maxSlotNodes = 8

// moreSlots proposes that a pod leaves a node which only lacks attach slots.
func (q *asked) moreSlots(c *cause) []proposal {
	// The nodes that lack nothing else, and for each the pod that is easiest to do without: the one with the most slots.
	type leaver struct {
		pod   *topology.Pod
		slots int
	}
	best := map[string]leaver{}
	left := maxSlotNodes
	for i := range c.alone.All() {
		if left--; left < 0 {
			break
		}
		best[q.Snapshot.Node(i).Name] = leaver{}
	}
	for _, key := range q.Snapshot.Keys(topology.KindPod) {
		pod := q.Snapshot.Pod(key)
		if now, asked := best[pod.Node]; asked && !pod.Terminal {
			if slots := q.slotsOf(pod, c.subject); slots > now.slots {
				best[pod.Node] = leaver{pod, slots}
			}
		}
	}
	var out []proposal
	for i := range c.alone.All() {
		l, asked := best[q.Snapshot.Node(i).Name]
		if !asked || l.pod == nil {
			continue
		}
		key := l.pod.Key()
		out = append(out, proposal{
			object: Object{"Pod", key.Namespace, key.Name}, cost: costWait,
			apply: func(d *topology.Draft) { d.RemovePods(key) },
			say: func(string) string {
				return fmt.Sprintf("move pod %s away from node %s, where it takes %s", q.nameOf(key), l.pod.Node, count(l.slots, "attach slot"))
			},
		})
	}
	return out
}

// slotsOf counts the attach slots that a pod takes of the driver.
func (q *asked) slotsOf(pod *topology.Pod, driver string) int {
	n := 0
	d := placement.NewDemand(q.Snapshot, pod)
	for i := range d.Volumes {
		if d.Volumes[i].Driver() == driver {
			n++
		}
	}
	return n
}
