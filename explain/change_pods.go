// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// waitForHolders proposes that the pods which hold a volume go.
func (q *asked) waitForHolders(c *cause) []proposal {
	holders := q.blamed(c).Pods
	keys := make([]topology.Key, len(holders))
	for i, pod := range holders {
		keys[i] = pod.Key()
	}
	return []proposal{{
		Change: Change{Do: Wait, Object: Object{"Pod", keys[0].Namespace, keys[0].Name}, Pods: holders}, cost: costWait,
		apply: func(d *topology.Draft) { d.RemovePods(keys...) }, gone: keys,
	}}
}

// detachUnused proposes that volumes which no pod uses are detached, node by node.
func (q *asked) detachUnused(c *cause) []proposal {
	byNode := map[string][]start.UnusedVolume{}
	var nodes []string
	for _, u := range q.blamed(c).Unused {
		if len(byNode[u.Node.Name]) == 0 {
			nodes = append(nodes, u.Node.Name)
		}
		byNode[u.Node.Name] = append(byNode[u.Node.Name], u)
	}
	var out []proposal
	for _, node := range nodes {
		unused := byNode[node]
		out = append(out, proposal{
			Change: Change{Do: DetachUnused, Object: Object{Kind: "VolumeAttachment", Name: unused[0].Name}, Unused: unused}, cost: costFix,
			apply: func(d *topology.Draft) {
				for i := range unused {
					d.RemoveAttachment(unused[i].Name)
				}
			},
		})
	}
	return out
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
			Change: Change{
				Do: MovePod, Object: Object{"Pod", key.Namespace, key.Name}, Pods: []*topology.Pod{l.pod}, Drivers: []string{c.subject}, Slots: l.slots,
			},
			cost: costWait, apply: func(d *topology.Draft) { d.RemovePods(key) }, gone: []topology.Key{key},
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
