// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/topology"
)

// Lost stands in the place of a workload for pods of nodes that were taken away.
const Lost = "lost"

// lose takes nodes away, and returns their pods to be placed again, in the order of their names.
func (m *simulation) lose() ([]planned, error) {
	gone := map[string]bool{}
	for _, name := range m.Drain {
		if _, known := m.s.NodeIndex(name); !known {
			return nil, fmt.Errorf("there is no node %s to drain", name)
		}
		gone[name] = true
	}
	for _, zone := range m.LoseZone {
		found := false
		for i := range m.s.NumNodes() {
			if m.places.Zone(i) == zone && zone != "" {
				gone[m.s.Node(i).Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no node is in zone %q; there are: %s", zone, strings.Join(m.places.Zones(), ", "))
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	var keys []topology.Key
	var pods []planned
	for _, key := range m.s.Keys(topology.KindPod) {
		pod := m.s.Pod(key)
		if !gone[pod.Node] {
			continue
		}
		keys = append(keys, key)
		if pod.Terminal || pod.Deleting {
			continue
		}
		pods = append(pods, planned{workload: Lost, known: pod})
	}
	m.draft.RemovePods(keys...)
	for name := range gone {
		m.draft.RemoveNode(name)
		m.result.Lost = append(m.result.Lost, name)
	}
	slices.Sort(m.result.Lost)
	m.s = m.draft.Snapshot()
	m.places = m.places.On(m.s)
	return pods, nil
}
