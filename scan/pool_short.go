// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"

	"github.com/moorage-k8s/moorage/internal/storagemap"
	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var poolShortKind = Kind{
	ID: "pool-short", Section: WillStick,
	Means: "A pool has less room than the next replica of a StatefulSet with volumes in it asks for, or less than a tenth of its size.",
	Known: "CSIStorageCapacity, capacity, less what is reserved; the sizes of the volumes that can be reached from where the pool is and nowhere else; the templates of the " +
		"StatefulSets whose volumes these are. A pool's size is what is free and what is in it: drivers publish no total.",
	Not: "For pools that do not say what they have; for a pool of 0 in which there is no volume, such as a node without a device class; for a StatefulSet whose next replica " +
		"could not go to the pool's nodes for another reason.",
	Remedy: "add storage to the pool, or delete what is not needed there (volumes that are Released, snapshots), before the StatefulSet grows",
	Needs:  []topology.Kind{topology.KindPool, topology.KindVolume, topology.KindClass, topology.KindNode},
	Find:   poolShort,
}

// leastFree is the part of a pool, one in so many, of which less is short.
const leastFree = 10

func poolShort(c *Cluster) []Finding {
	var found []Finding
	adds := c.additions()
	for _, class := range storagemap.New(c.Snapshot, c.Ask.Engine, nil).Classes {
		for i := range class.Pools {
			p := &class.Pools[i]
			size := topology.AddBytes(p.Used, p.Free)
			if !p.Known || size == 0 || p.Volumes == 0 && p.Free == 0 {
				continue
			}
			namespace, name, _ := strings.Cut(p.Name, "/")
			key := topology.Key{Namespace: namespace, Name: name}
			var wanted int64
			var sets []Object
			for _, a := range adds {
				if bytes := a.in(c, class.Name, key); bytes > 0 {
					wanted, sets = topology.AddBytes(wanted, bytes), append(sets, a.of.Object)
				}
			}
			f := Finding{
				Objects: []Object{ObjectOf(topology.KindPool, key)}, Hurts: sets,
				Evidence: []string{fmt.Sprintf("CSIStorageCapacity %s: class %s, %s free, %s reserved, %s of %s in it",
					key, class.Name, text.Size(p.Free), text.Size(p.Reserved), text.Count(p.Volumes, "volume"), text.Size(p.Used))},
				Command: "kubectl moorage map",
			}
			switch {
			case wanted > p.Free:
				var names []string
				for _, s := range sets {
					names = append(names, s.Namespace+"/"+s.Name)
				}
				f.Cause = fmt.Sprintf("the pool of class %s at %s has %s left, and the next %s of %s would add %s",
					class.Name, p.Where, text.Size(p.Free), text.Plural(len(sets), "replica"), text.And(names), text.Size(wanted))
			case p.Free < size/leastFree:
				f.Cause = fmt.Sprintf("the pool of class %s at %s has %s of %s left", class.Name, p.Where, text.Size(p.Free), text.Size(size))
			default:
				continue
			}
			found = append(found, f)
		}
	}
	return found
}

// addition is what the next replica of a StatefulSet asks for.
type addition struct {
	of *Workload
	// bytes are by class, and places the nodes from which the volumes of the present replicas can be reached.
	bytes  map[string]int64
	places []topology.NodeSet
	// nodes are those to which the replica can go, as far as volumes are not concerned.
	nodes topology.NodeSet
}

// additions are those of all StatefulSets with claims of their own.
func (c *Cluster) additions() []addition {
	v := c.settle()
	var out []addition
	for _, w := range c.statefulSets() {
		if len(w.Set.Spec.VolumeClaimTemplates) == 0 || w.Meta.DeletionTimestamp != nil {
			continue
		}
		a := addition{of: w, bytes: map[string]int64{}, nodes: v.allows(nextReplica(w, 0), false)}
		for i := range w.Set.Spec.VolumeClaimTemplates {
			t := &w.Set.Spec.VolumeClaimTemplates[i]
			class := storagehelpers.GetPersistentVolumeClaimClass(t)
			if class == "" {
				if d, ok := c.Snapshot.DefaultStorageClass(); ok {
					class = d.Name
				}
			}
			a.bytes[class] = topology.AddBytes(a.bytes[class], topology.Bytes(t.Spec.Resources.Requests[corev1.ResourceStorage]))
			for at := range c.Snapshot.Series(w.Namespace, seriesOf(w, t.Name).Name) {
				if at.Affinity != nil {
					a.places = append(a.places, c.Snapshot.Nodes(at.Affinity))
				}
			}
		}
		out = append(out, a)
	}
	return out
}

// in is how much of a class the replica asks for of a pool: nothing where no volume of the others is in it, or the replica cannot be there.
func (a *addition) in(c *Cluster, class string, pool topology.Key) int64 {
	p := c.Snapshot.Pool(pool)
	if p == nil || a.bytes[class] == 0 {
		return 0
	}
	nodes := c.Snapshot.Nodes(p.Topology)
	if a.nodes.Size() == nodes.Size() && !a.nodes.Meets(nodes) {
		return 0
	}
	if !slices.ContainsFunc(a.places, func(at topology.NodeSet) bool {
		outside := at.Clone()
		outside.AndNot(nodes)
		return !at.Empty() && outside.Empty()
	}) {
		return 0
	}
	return a.bytes[class]
}
