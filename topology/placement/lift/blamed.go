// SPDX-License-Identifier: Apache-2.0

package lift

import (
	"cmp"
	"maps"
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/nodeset"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// thing is one thing that is blamed.
type thing struct {
	name     string
	takeAway func(d *topology.Draft)
	// almost takes away too little, by one, of a number.
	almost func(d *topology.Draft)
	// promise is a pending claim that is to be left out.
	promise topology.Key
}

// blamed are the things that the evidence blames.
func (c *check) blamed() []thing {
	switch c.e.Reason {
	case placement.ReasonReadWriteOncePod, placement.ReasonDiskConflict, placement.ReasonSingleWriter:
		return c.pods()
	case placement.ReasonDriverRequired, placement.ReasonDriverReady:
		return []thing{{name: c.evidence.Driver, takeAway: c.registered()}}
	case placement.ReasonTopologyKeys:
		const key = "lifted"
		return []thing{{name: "keys of " + c.evidence.Driver, takeAway: func(d *topology.Draft) {
			c.registered(key)(d)
			c.labelled(key)(d)
		}}}
	case placement.ReasonTopologyLabels:
		return c.labels()
	case placement.ReasonAttachLimit:
		short := c.evidence.Wanted - c.evidence.Had
		return []thing{{name: "the limit of " + c.evidence.Driver, takeAway: c.moreSlots(short), almost: c.moreSlots(short - 1)}}
	case placement.ReasonVolumeAffinity, placement.ReasonVolumeZone:
		return c.conditions()
	case placement.ReasonSelectedNode:
		return []thing{{name: "the selected node", takeAway: c.unselected}}
	case placement.ReasonSource:
		return []thing{{name: "place of volume " + c.evidence.Origin.Volume.Name, takeAway: c.reached}}
	case placement.ReasonDiskMachine:
		return []thing{{name: "machine " + c.evidence.Machine, takeAway: func(d *topology.Draft) {
			c.change(d, func(n *topology.Node) { delete(n.Labels, corev1.LabelInstanceTypeStable) })
		}}}
	case placement.ReasonRebuildRoom:
		return []thing{{name: "room for a replica", takeAway: c.roomForReplica(c.evidence.Wanted), almost: c.roomForReplica(c.evidence.Wanted - 1)}}
	case placement.ReasonForeignTopology:
		return []thing{{name: "allowedTopologies of " + c.evidence.Class, takeAway: c.allowed}}
	case placement.ReasonNoVolume:
		return []thing{{name: "class " + c.evidence.Class, takeAway: c.provisioned}}
	case placement.ReasonCapacity:
		return c.largerVolumes()
	case placement.ReasonJointCapacity:
		return c.moreRoom()
	case placement.ReasonReserved:
		var out []thing
		for _, p := range c.evidence.Promises {
			out = append(out, thing{name: p.Claim.String(), takeAway: c.unpromised(p), promise: p.Claim})
		}
		return out
	default:
		return nil
	}
}

// unpromised takes the room of a reservation back. A pending claim has none.
func (c *check) unpromised(p placement.Promise) func(d *topology.Draft) {
	return func(d *topology.Draft) {
		if claim := d.Snapshot().Claim(p.Claim.Namespace, p.Claim.Name); claim != nil && p.Node != "" {
			back := *claim
			back.HasSelectedNode, back.SelectedNode = false, ""
			d.PutClaim(&back)
		}
	}
}

// roomForReplica lets the storage system have room for a replica of a volume of this size on the node.
func (c *check) roomForReplica(bytes int64) func(d *topology.Draft) {
	return func(d *topology.Draft) {
		node := d.Snapshot().Node(c.node).Name
		d.PutStore(c.evidence.Driver, &topology.Store{Node: node, Room: max(bytes, d.Snapshot().Room(c.evidence.Driver, node))})
	}
}

func (c *check) pods() (out []thing) {
	for _, pod := range c.evidence.Pods {
		out = append(out, thing{name: pod.Key().String(), takeAway: func(d *topology.Draft) { d.RemovePods(pod.Key()) }})
	}
	return out
}

// change puts the node into the draft with a change made to it.
func (c *check) change(d *topology.Draft, change func(n *topology.Node)) {
	node := *d.Snapshot().Node(c.node)
	node.Labels, node.Drivers = maps.Clone(node.Labels), slices.Clone(node.Drivers)
	change(&node)
	d.PutNode(&node)
}

func (c *check) registered(keys ...string) func(d *topology.Draft) {
	return func(d *topology.Draft) {
		c.change(d, func(n *topology.Node) {
			n.HasCSINode = true
			driver := topology.NodeDriver{Name: c.evidence.Driver, Allocatable: -1, TopologyKeys: keys}
			at, found := slices.BinarySearchFunc(n.Drivers, driver.Name, func(d topology.NodeDriver, name string) int { return cmp.Compare(d.Name, name) })
			if found {
				n.Drivers[at] = driver
			} else {
				n.Drivers = slices.Insert(n.Drivers, at, driver)
			}
		})
	}
}

func (c *check) labelled(key string) func(d *topology.Draft) {
	return func(d *topology.Draft) { c.change(d, func(n *topology.Node) { n.Labels[key] = "lifted" }) }
}

// labels leaves out the check that each of several is missed where the label lets the node reach a volume that exists: the claim is then not
// to be provisioned there.
func (c *check) labels() (out []thing) {
	for _, key := range c.evidence.Labels {
		out = append(out, thing{name: "label " + key, takeAway: c.labelled(key)})
	}
	return out
}

func (c *check) moreSlots(by int64) func(d *topology.Draft) {
	return func(d *topology.Draft) {
		c.change(d, func(n *topology.Node) {
			for i := range n.Drivers {
				if n.Drivers[i].Name == c.evidence.Driver {
					n.Drivers[i].Allocatable += int32(by)
				}
			}
		})
	}
}

func (c *check) conditions() (out []thing) {
	name := placement.NewDemand(c.Snapshot, c.Pod).Volumes[c.e.Volume].Volume.Name
	for _, condition := range c.evidence.Conditions {
		out = append(out, thing{name: condition.String(), takeAway: func(d *topology.Draft) {
			v := *d.Snapshot().Volume(name)
			if v.Affinity == condition {
				v.Affinity = nil
			}
			if v.Migration != nil && v.Migration.Affinity == condition {
				m := *v.Migration
				m.Affinity = nil
				v.Migration = &m
			}
			v.Zones = slices.DeleteFunc(slices.Clone(v.Zones), func(zone *topology.Selector) bool { return zone == condition })
			d.PutVolume(&v)
		}})
	}
	return out
}

func (c *check) unselected(d *topology.Draft) {
	claim := *c.evidence.Claims[0]
	claim.HasSelectedNode, claim.SelectedNode = false, ""
	d.PutClaim(&claim)
}

// provisioned lets the class provision everywhere.
func (c *check) provisioned(d *topology.Draft) {
	class := *d.Snapshot().Class(c.evidence.Class)
	class.Allowed = nil
	if len(c.evidence.Conditions) == 0 {
		class.Provisioner = "lifted"
	}
	d.PutClass(&class)
}

// reached lets every node reach what a volume is to be made from.
func (c *check) reached(d *topology.Draft) {
	v := *d.Snapshot().Volume(c.evidence.Origin.Volume.Name)
	v.Affinity = nil
	if v.Migration != nil {
		m := *v.Migration
		m.Affinity = nil
		v.Migration = &m
	}
	d.PutVolume(&v)
}

// allowed lets the class provision wherever its driver does.
func (c *check) allowed(d *topology.Draft) {
	class := *d.Snapshot().Class(c.evidence.Class)
	class.Allowed = nil
	d.PutClass(&class)
}

// largerVolumes gives one of the pools, or where the node reaches none a new one, what is wanted.
func (c *check) largerVolumes() []thing {
	pool := topology.Pool{
		Namespace: "default", Name: "lifted-" + c.evidence.Class, Class: c.evidence.Class, Topology: nodeset.PoolTopology(&metav1.LabelSelector{}),
		Capacity: -1, MaximumVolumeSize: -1,
	}
	if len(c.evidence.Pools) > 0 {
		pool = *c.evidence.Pools[0].Pool
	}
	with := func(bytes int64) func(d *topology.Draft) {
		return func(d *topology.Draft) {
			larger := pool
			larger.MaximumVolumeSize = bytes
			if now := d.Snapshot().Pool(pool.Key()); now != nil {
				larger.MaximumVolumeSize = max(bytes, now.MaximumVolumeSize)
			}
			d.PutPool(&larger)
		}
	}
	return []thing{{name: "room for the largest volume", takeAway: with(c.evidence.Wanted), almost: with(c.evidence.Wanted - 1)}}
}

// moreRoom gives the only pool what is wanted in all; of several, one has to have plenty.
func (c *check) moreRoom() []thing {
	pool := c.evidence.Pools[0].Pool
	with := func(capacity int64) func(d *topology.Draft) {
		return func(d *topology.Draft) {
			larger := *pool
			larger.Capacity = capacity
			d.PutPool(&larger)
		}
	}
	if len(c.evidence.Pools) == 1 {
		return []thing{{name: "room for all", takeAway: with(c.evidence.Wanted), almost: with(c.evidence.Wanted - 1)}}
	}
	return []thing{{name: "room for all", takeAway: func(d *topology.Draft) {
		larger := *pool
		larger.Capacity, larger.MaximumVolumeSize = math.MaxInt64/4, -1
		d.PutPool(&larger)
	}}}
}
