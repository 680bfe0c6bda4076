// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// placed is a pod that has its node, with the volumes that have to come along when it moves.
type placed struct {
	pod     *corev1.Pod
	node    int
	volumes []*topology.Volume
	// reach are the nodes from which all of the volumes can be reached and that run their drivers, and able those that allow the pod besides and are
	// open; its own node may be in both.
	reach, able topology.NodeSet
	// zone is the one that the volumes bind the pod to; empty where it is none, or where they bind it to a part of one.
	zone string
	// bound tells that without its volumes the pod could be on another node: they alone keep it.
	bound bool
}

// placedPods are the pods that run or start on a node with volumes of their claims, and that would be created again elsewhere if it were lost, by name.
// Pods for which nobody chooses a node are left out: those of DaemonSets and of the kubelet.
func (c *Cluster) placedPods() []placed {
	if c.memo.placed == nil {
		c.memo.placed = c.settle().place(c)
	}
	return c.memo.placed
}

func (v *settledView) place(c *Cluster) []placed {
	var out []placed
	for _, key := range slices.SortedFunc(maps.Keys(c.Pods), topology.Key.Compare) {
		pod := c.Pods[key]
		if pod.Spec.NodeName == "" || ended(pod) || pod.DeletionTimestamp != nil || len(pod.Spec.Volumes) == 0 || ownerOf(pod).Kind == "DaemonSet" || mirror(pod) {
			continue
		}
		node, ok := v.snapshot.NodeIndex(pod.Spec.NodeName)
		trimmed := v.snapshot.Pod(key)
		if !ok || trimmed == nil {
			continue
		}
		p := placed{pod: pod, node: node, reach: v.snapshot.AllNodes().Clone()}
		serves, local := v.snapshot.AllNodes().Clone(), false
		demand := placement.NewDemand(v.snapshot, trimmed)
		for i := range demand.Volumes {
			volume := demand.Volumes[i].Volume
			if volume == nil {
				continue
			}
			p.volumes = append(p.volumes, volume)
			p.reach.And(v.snapshot.Reach(volume))
			runs := v.serves(demand.Volumes[i].Driver())
			serves.And(runs)
			local = local || explain.NodeLocal(volume) || v.finer(volume, runs)
		}
		if len(p.volumes) == 0 {
			continue
		}
		p.able = v.allows(pod, true).Clone()
		p.able.And(v.open)
		without := p.able.Clone()
		without.Remove(node)
		p.bound = !without.Empty()
		if !local {
			p.zone = v.zoneOf(p.reach)
		}
		p.reach.And(serves)
		p.able.And(p.reach)
		out = append(out, p)
	}
	return out
}

// serves are the nodes that a driver serves, those that have just joined among them. Where no node registers it, all may be.
func (v *settledView) serves(driver string) topology.NodeSet {
	out := v.snapshot.RegisteredOn(driver)
	if driver == "" || out.Empty() {
		return v.snapshot.AllNodes()
	}
	out = out.Clone()
	out.Or(v.young)
	return out
}

// finer reports whether a volume's place is smaller than a zone, whatever its labels are called: a node of the same zone that runs the driver and has
// the labels has other values.
func (v *settledView) finer(volume *topology.Volume, runs topology.NodeSet) bool {
	reach, keys := v.snapshot.Reach(volume), volume.Affinity.Keys()
	zone := v.zoneOf(reach)
	if zone == "" || len(keys) == 0 {
		return false
	}
	for i := range runs.All() {
		if reach.Has(i) || v.young.Has(i) || v.places.Zone(i) != zone {
			continue
		}
		labels := v.snapshot.Node(i).Labels
		if !slices.ContainsFunc(keys, func(key string) bool { _, ok := labels[key]; return !ok }) {
			return true
		}
	}
	return false
}

// zoneOf is the zone that holds all of the nodes; empty where it is not one.
func (v *settledView) zoneOf(nodes topology.NodeSet) string {
	zone := ""
	for i := range nodes.All() {
		at := v.places.Zone(i)
		if at == "" || zone != "" && at != zone {
			return ""
		}
		zone = at
	}
	return zone
}

// mirror reports whether the kubelet runs the pod by itself.
func mirror(p *corev1.Pod) bool {
	_, ok := p.Annotations[corev1.MirrorPodAnnotationKey]
	return ok
}

// stranded reports whether no other node than its own could take the pod, and its volumes' zone is why.
func (v *settledView) stranded(p *placed) bool {
	if p.zone == "" || !p.bound || p.able.Len() > 1 || p.able.Len() == 1 && !p.able.Has(p.node) {
		return false
	}
	for i := range v.young.All() {
		if v.places.Zone(i) == p.zone {
			return false
		}
	}
	return true
}
