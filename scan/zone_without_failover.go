// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var zoneWithoutFailoverKind = Kind{
	ID: "zone-without-failover", Section: WillStick,
	Means: "Volumes in use are bound to a zone in which no other node could take their pods: when that node goes, they wait until one comes back.",
	Known: "The volumes' node affinity; the nodes of the zone, their drivers, taints, labels and room; the pods that use the volumes.",
	Not: "For volumes of one node, or reached from several zones; for pods that no other node of the cluster could take either; and nodes that have been cordoned " +
		"or not ready for less than 10 minutes, or joined in the last 5, count as if they took pods.",
	Remedy: "add a node to the zone that takes these pods (its labels, taints and room like those of the node that they are on), or keep the data in several zones",
	Needs:  []topology.Kind{topology.KindNode, topology.KindVolume, topology.KindPod},
	Find:   zoneWithoutFailover,
}

func zoneWithoutFailover(c *Cluster) []Finding {
	v := c.settle()
	zones := map[string][]strandedPod{}
	for _, p := range c.strandedPods() {
		zones[p.zone] = append(zones[p.zone], p)
	}
	var found []Finding
	for _, zone := range slices.Sorted(maps.Keys(zones)) {
		stranded := zones[zone]
		f := Finding{
			Objects: []Object{{Kind: ZoneKind, Name: zone}},
			Command: fmt.Sprintf("kubectl get nodes -l %s=%s", v.places.Key, zone),
		}
		var nodes, volumes []string
		for i := range stranded {
			p := &stranded[i]
			f.Hurts = append(f.Hurts, podObject(keyOf(p.pod)))
			if !slices.Contains(nodes, p.pod.Spec.NodeName) {
				nodes = append(nodes, p.pod.Spec.NodeName)
			}
			for _, volume := range p.volumes {
				volumes = append(volumes, volume.Name)
			}
		}
		slices.Sort(nodes)
		slices.Sort(volumes)
		volumes = slices.Compact(volumes)
		for _, node := range nodes {
			f.Objects = append(f.Objects, ObjectOf(topology.KindNode, topology.Key{Name: node}))
		}
		f.Cause = fmt.Sprintf("%s in zone %s could go to no node but %s, and the volumes they use cannot leave the zone", text.Count(len(stranded), "pod"), zone, text.And(nodes))
		if len(nodes) > 1 {
			f.Cause = fmt.Sprintf("%s in zone %s could go to no node but the one that each is on, and the volumes they use cannot leave the zone",
				text.Count(len(stranded), "pod"), zone)
		}
		f.Evidence = []string{
			fmt.Sprintf("%s: %s", text.Plural(len(volumes), "PersistentVolume"), text.First(volumes, 5, len(volumes))),
			fmt.Sprintf("%s of zone %s: %s", text.Plural(len(v.inZone(zone)), "node"), zone, text.First(v.inZone(zone), 5, len(v.inZone(zone)))),
		}
		found = append(found, f)
	}
	return found
}

// inZone are the names of the nodes of a zone.
func (v *settledView) inZone(zone string) []string {
	var out []string
	for i := range v.snapshot.NumNodes() {
		if v.places.Zone(i) == zone {
			out = append(out, v.snapshot.Node(i).Name)
		}
	}
	return out
}
