// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// Zones are the zones that one driver's volumes are spread over, on one Snapshot. A zone is a value of one label of the
// nodes, the key: the coarsest of the topology keys that the driver gives on its CSINodes, that is the one with the fewest
// values, but more than one, among the nodes that register the driver. The coarsest, since what is lost together is lost by
// zone: where a driver tells both zone and host, volumes on two hosts of one zone are still lost together. A key with one
// value tells no nodes apart, and keys that say what a node is rather than where (its system, its machine type; some drivers
// give those as well) are left out. Where the driver gives no key, as it is not on the nodes' CSINodes, say, the key is
// topology.kubernetes.io/zone.
//
// Where there is no such key, or one value only, there are no zones, and Len is 0.
type Zones struct {
	// Key is the label's key.
	Key string
	// Reach tells that the driver gives the key itself: a volume is reached from its own zone only.
	Reach bool

	groups *nodeset.Groups
}

// whatKeys say what a node is, not where.
var whatKeys = []string{
	corev1.LabelOSStable, corev1.LabelArchStable, corev1.LabelInstanceTypeStable, corev1.LabelInstanceType,
	corev1.LabelWindowsBuild, "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
}

// Zones returns the zones of a driver.
func (s *Snapshot) Zones(driver string) *Zones { return s.table.column(driver).zones() }

func (t *nodeTable) newZones(driver *driverColumn) *Zones {
	z := &Zones{Reach: true}
	var keys, names []string
	for _, key := range driver.topologyKeys {
		if !slices.Contains(whatKeys, key) {
			keys = append(keys, key)
		}
	}
	on := driver.registered
	if len(keys) == 0 {
		keys, on, z.Reach = []string{corev1.LabelTopologyZone}, t.index.All(), false
	}
	for _, key := range keys {
		if values := t.index.ValuesOn(key, on); len(values) > 1 && (len(names) == 0 || len(values) < len(names)) {
			z.Key, names = key, values
		}
	}
	z.groups = t.index.GroupBy(z.Key, names)
	return z
}

// Len is the number of zones. They have the indexes 0 to Len-1, in the order of their names.
func (z *Zones) Len() int { return z.groups.Len() }

// Name is the label's value for the zone.
func (z *Zones) Name(zone int) string { return z.groups.Name(zone) }

// Of returns the zone of node i; negative where it is in none.
func (z *Zones) Of(i int) int { return z.groups.Of(i) }

// Touched returns the zones in which the selector matches a node, ascending: where a volume with this affinity can be
// reached. It must not be changed.
func (z *Zones) Touched(selector *Selector) []int32 { return z.groups.Touched(selector) }
