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

// strandedPod is a pod that no other node than its own could take, and its volumes' zone is why.
type strandedPod struct {
	pod     *corev1.Pod
	volumes []*topology.Volume
	zone    string
}

// fewNodes is of how many other nodes it is asked whether they have room: of more, some has it as a rule, or is added.
const fewNodes = 16

// strandedPods are those of the cluster, by name. Pods for which nobody chooses a node are left out: those of DaemonSets and of the kubelet.
func (c *Cluster) strandedPods() []strandedPod {
	if c.memo.stranded != nil {
		return *c.memo.stranded
	}
	var out []strandedPod
	v := c.settle()
	for _, key := range slices.SortedFunc(maps.Keys(c.Pods), topology.Key.Compare) {
		pod := c.Pods[key]
		if pod.Spec.NodeName == "" || ended(pod) || pod.DeletionTimestamp != nil || len(pod.Spec.Volumes) == 0 || ownerOf(pod).Kind == "DaemonSet" || mirror(pod) {
			continue
		}
		if trimmed := v.snapshot.Pod(key); trimmed != nil {
			if p := v.stranded(pod, placement.NewDemand(v.snapshot, trimmed)); p != nil {
				out = append(out, *p)
			}
		}
	}
	c.memo.stranded = &out
	return out
}

// stranded is the pod if no other node could take it; nil for others.
func (v *settledView) stranded(pod *corev1.Pod, demand *placement.Demand) *strandedPod {
	node, ok := v.snapshot.NodeIndex(pod.Spec.NodeName)
	if !ok {
		return nil
	}
	p := &strandedPod{pod: pod}
	var able topology.NodeSet
	for i := range demand.Volumes {
		volume := demand.Volumes[i].Volume
		if volume == nil {
			continue
		}
		at := v.placeOf(volume, demand.Volumes[i].Driver())
		if at.local {
			return nil
		}
		if p.volumes == nil {
			able = at.able.Clone()
		} else {
			able.And(at.able)
		}
		p.volumes = append(p.volumes, volume)
		p.zone = max(p.zone, at.zone)
	}
	if p.zone == "" {
		return nil
	}
	elsewhere := v.allows(pod, false).Clone()
	elsewhere.And(v.open)
	elsewhere.Remove(node)
	able.And(elsewhere)
	if n := able.Len(); n > 0 && n <= fewNodes {
		elsewhere.And(v.allows(pod, true))
		able.And(elsewhere)
	}
	// Without its volumes it could be elsewhere: they alone keep it.
	if !able.Empty() || elsewhere.Empty() {
		return nil
	}
	for i := range v.young.All() {
		if v.places.Zone(i) == p.zone {
			return nil
		}
	}
	return p
}

// volumePlace is where a volume binds its pods to.
type volumePlace struct {
	// able are the nodes that reach it and run its driver.
	able topology.NodeSet
	// zone is the one that it can be reached from; empty for several or none. Local tells that its place is smaller than a zone.
	zone  string
	local bool
}

// placeKey is what volumes of one place have in common.
type placeKey struct {
	affinity *topology.Selector
	driver   string
}

// placeOf is the place of a volume. It is worked out once for all volumes of one affinity.
func (v *settledView) placeOf(volume *topology.Volume, driver string) volumePlace {
	key, plain := placeKey{volume.Affinity, driver}, volume.Migration == nil && len(volume.Zones) == 0
	if at, known := v.placed[key]; known && plain {
		at.local = at.local || explain.NodeLocal(volume)
		return at
	}
	reach, runs := v.snapshot.Reach(volume), v.serves(driver)
	at := volumePlace{able: reach.Clone(), zone: v.zoneOf(reach)}
	at.able.And(runs)
	at.local = at.zone != "" && v.finer(volume, reach, runs, at.zone)
	if plain {
		v.placed[key] = at
	}
	at.local = at.local || explain.NodeLocal(volume)
	return at
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

// finer reports whether a volume's place is smaller than its zone, whatever its labels are called: a node of the same zone that runs the driver and has
// the labels has other values.
func (v *settledView) finer(volume *topology.Volume, reach, runs topology.NodeSet, zone string) bool {
	keys := volume.Affinity.Keys()
	if len(keys) == 0 {
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
