// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var attachSlotsShortKind = Kind{
	ID: "attach-slots-short", Section: WillStick,
	Means: "In a zone too few attach slots are left for the volumes of a node that goes: some of its pods would wait for a slot.",
	Known: "The limits that drivers publish (CSINode, spec.drivers[].allocatable.count), the volumes that are attached or used, and their node affinity.",
	Not: "Where a node of the zone publishes no limit, or no other node is left at all (zone-without-failover); for volumes that can leave the zone. Nodes that have " +
		"been cordoned or not ready for less than 10 minutes count as if they took pods.",
	Remedy: "add a node to the zone, or move volumes that need not be there: a driver's limit is the machine type's, so a larger type may have more slots",
	Needs:  []topology.Kind{topology.KindNode, topology.KindCSINode, topology.KindVolume, topology.KindPod, topology.KindAttachment},
	Find:   attachSlotsShort,
}

// holding is what a node holds of one driver's slots.
type holding struct {
	node        int
	limit, used int
	// fixed are the volumes that must stay in the zone, as handles.
	fixed []string
}

func attachSlotsShort(c *Cluster) []Finding {
	v := c.settle()
	var found []Finding
	for _, driver := range c.driversOnNodes() {
		slots, limited := v.snapshot.AttachSlots(driver)
		if !limited {
			continue
		}
		zones := v.holdings(driver, slots)
		for _, zone := range slices.Sorted(maps.Keys(zones)) {
			if f := v.shortWithout(driver, zone, zones[zone]); f != nil {
				f.Hurts = c.podsWith(driver, f.Objects[1].Name)
				found = append(found, *f)
			}
		}
	}
	return found
}

// driversOnNodes are the drivers that nodes register, by name.
func (c *Cluster) driversOnNodes() []string {
	seen := map[string]bool{}
	for i := range c.Snapshot.NumNodes() {
		for _, d := range c.Snapshot.Node(i).Drivers {
			seen[d.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// holdings are what the nodes that take pods and run a driver hold, by zone.
func (v *settledView) holdings(driver string, slots topology.AttachSlots) map[string][]holding {
	fixed := map[int][]string{}
	for _, key := range v.snapshot.Keys(topology.KindVolume) {
		volume := v.snapshot.Volume(key.Name)
		of, handle := attachedAs(volume)
		if of != driver || volume.Affinity == nil {
			continue
		}
		at := v.placeOf(volume, driver)
		if v.places.Key == "" {
			at.zone = v.slotZone(driver, at.able)
		}
		if at.zone != "" && !at.local {
			slots.EachHolder(handle, func(i int) { fixed[i] = append(fixed[i], volume.Name) })
		}
	}
	runs := v.snapshot.RegisteredOn(driver).Clone()
	runs.And(v.open)
	one := topology.NewNodeSet(v.snapshot.NumNodes())
	out := map[string][]holding{}
	for i := range runs.All() {
		one.Clear()
		one.Add(i)
		if zone := v.slotZone(driver, one); zone != "" {
			out[zone] = append(out[zone], holding{node: i, limit: slots.Limit(i), used: slots.Used(i), fixed: fixed[i]})
		}
	}
	return out
}

// attachedAs is the driver that serves a volume, and its handle there.
func attachedAs(v *topology.Volume) (driver, handle string) {
	if v.Migration != nil {
		return v.Migration.Driver, v.Migration.Handle
	}
	return v.Driver, v.Handle
}

// slotZone is the zone that holds all of the nodes: as people call it, or where they call it nothing, as the driver does.
func (v *settledView) slotZone(driver string, nodes topology.NodeSet) string {
	if v.places.Key != "" {
		return v.zoneOf(nodes)
	}
	zone := ""
	keys, _ := v.snapshot.DriverOnNodes(driver)
	for i := range nodes.All() {
		for _, key := range keys {
			if at := v.snapshot.Node(i).Labels[key]; at != "" && !strings.HasPrefix(key, "kubernetes.io/") && !strings.HasPrefix(key, "node.kubernetes.io/") && !explain.NamesNode(key) {
				if zone != "" && zone != at {
					return ""
				}
				zone = at
			}
		}
	}
	return zone
}

// shortWithout looks for the node of a zone without which most volumes have no slot; nil where any can go.
func (v *settledView) shortWithout(driver, zone string, nodes []holding) *Finding {
	if len(nodes) < 2 || slices.ContainsFunc(nodes, func(h holding) bool { return h.limit < 0 }) {
		return nil
	}
	worst, short, left := -1, 0, 0
	for n := range nodes {
		free := 0
		for m := range nodes {
			if m != n {
				free += max(0, nodes[m].limit-nodes[m].used)
			}
		}
		if lack := len(nodes[n].fixed) - free; lack > short {
			worst, short, left = n, lack, free
		}
	}
	if worst < 0 {
		return nil
	}
	name := func(n int) string { return v.snapshot.Node(nodes[n].node).Name }
	f := &Finding{
		Objects: []Object{{Kind: ZoneKind, Name: zone}, ObjectOf(topology.KindNode, topology.Key{Name: name(worst)})},
		Cause: fmt.Sprintf("without node %s, zone %s lacks %d attach slots of driver %s: the node has %d volumes that cannot leave the zone, and %d slots are free on the others",
			name(worst), zone, short, driver, len(nodes[worst].fixed), left),
		Command: "kubectl moorage map",
	}
	for n := range nodes {
		f.Evidence = append(f.Evidence, fmt.Sprintf("CSINode %s: %d of %d slots of %s are used", name(n), nodes[n].used, nodes[n].limit, driver))
		if n != worst {
			f.Objects = append(f.Objects, ObjectOf(topology.KindNode, topology.Key{Name: name(n)}))
		}
	}
	return f
}

// podsWith are the pods on a node with volumes of a driver.
func (c *Cluster) podsWith(driver, node string) []Object {
	var out []Object
	for _, pod := range c.PodsOn(node) {
		if ended(pod) {
			continue
		}
		for i := range pod.Spec.Volumes {
			claim := c.Snapshot.Claim(pod.Namespace, claimOf(pod, &pod.Spec.Volumes[i]))
			if claim == nil {
				continue
			}
			if of, _ := c.Snapshot.ClaimAttachment(claim); of == driver {
				out = append(out, podObject(keyOf(pod)))
				break
			}
		}
	}
	return out
}
