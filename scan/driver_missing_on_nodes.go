// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

var driverMissingOnNodesKind = Kind{
	ID: "driver-missing-on-nodes", Section: WillStick,
	Means: "A node lacks the driver of volumes whose pods may go there: a pod that does stays in ContainerCreating.",
	Known: "The drivers that CSINode registers; the volumes that pods use, from where these can be reached; taints, selectors and affinities.",
	Not: "For nodes that joined in the last 5 minutes, are closed to new pods, or have another operating system than those with the driver; for nodes that the volumes' affinity, or the pods' selectors and tolerations, rule out; " +
		"for drivers whose CSIDriver asks kube-scheduler to keep pods off (preventPodSchedulingIfMissing).",
	Remedy: "run the driver's node plugin there (the tolerations and selectors of its DaemonSet), or keep these pods off with a taint or a selector",
	Needs:  []topology.Kind{topology.KindNode, topology.KindCSINode, topology.KindPod, topology.KindClaim, topology.KindVolume},
	Find:   driverMissingOnNodes,
}

func driverMissingOnNodes(c *Cluster) []Finding {
	if c.Ask.Others == nil {
		return nil
	}
	v := c.settle()
	lacking := map[string]topology.NodeSet{}
	for _, driver := range c.driversOnNodes() {
		if d := v.snapshot.Driver(driver); d != nil && d.Required {
			continue
		}
		if without := c.lacking(driver); !without.Empty() {
			lacking[driver] = without
		}
	}
	type gap struct {
		node   int
		driver string
	}
	users := map[gap][]*corev1.Pod{}
	for _, key := range slices.SortedFunc(maps.Keys(c.Pods), topology.Key.Compare) {
		pod := c.Pods[key]
		trimmed := v.snapshot.Pod(key)
		if len(lacking) == 0 || trimmed == nil || ended(pod) || pod.DeletionTimestamp != nil || ownerOf(pod).Kind == "DaemonSet" || mirror(pod) {
			continue
		}
		demand := placement.NewDemand(v.snapshot, trimmed)
		reach := v.snapshot.AllNodes().Clone()
		var drivers []string
		for i := range demand.Volumes {
			volume := &demand.Volumes[i]
			driver := cmp.Or(volume.NodeDriver, volume.Driver())
			if volume.Volume != nil {
				reach.And(v.snapshot.Reach(volume.Volume))
			}
			if lacking[driver].Size() > 0 && (volume.Volume != nil || volume.NodeDriver != "") && !slices.Contains(drivers, driver) {
				drivers = append(drivers, driver)
			}
		}
		for _, driver := range drivers {
			gone := lacking[driver].Clone()
			gone.And(reach)
			if gone.Empty() {
				continue
			}
			gone.And(v.allows(pod, false))
			for i := range gone.All() {
				if v.snapshot.Node(i).Name != pod.Spec.NodeName {
					users[gap{i, driver}] = append(users[gap{i, driver}], pod)
				}
			}
		}
	}
	var found []Finding
	for _, at := range slices.SortedFunc(maps.Keys(users), func(a, b gap) int { return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.driver, b.driver)) }) {
		node, pods := v.snapshot.Node(at.node).Name, users[at]
		f := Finding{
			Objects: []Object{ObjectOf(topology.KindNode, topology.Key{Name: node})}, Since: c.joined(node),
			Evidence: []string{fmt.Sprintf("CSINode %s: no driver %s; %s of %d nodes register it", node, at.driver, text.Count(v.snapshot.RegisteredOn(at.driver).Len(), "node"), v.snapshot.NumNodes())},
			Command:  fmt.Sprintf("kubectl get csinode %s -o yaml", node),
		}
		for _, pod := range pods {
			f.Hurts = append(f.Hurts, podObject(keyOf(pod)))
		}
		f.Cause = fmt.Sprintf("node %s lacks driver %s, and %s with such volumes may go there, %s/%s for one",
			node, at.driver, text.Count(len(pods), "pod"), pods[0].Namespace, pods[0].Name)
		found = append(found, f)
	}
	return found
}

// lacking are the nodes without a driver that others have, of those that take new pods and have had the time to get it.
func (c *Cluster) lacking(driver string) topology.NodeSet {
	out := c.Snapshot.Open().Clone()
	runs := c.Snapshot.RegisteredOn(driver)
	out.AndNot(runs)
	systems := map[string]bool{}
	for i := range runs.All() {
		systems[c.Snapshot.Node(i).Labels[corev1.LabelOSStable]] = true
	}
	for i := range out.Clone().All() {
		n := c.Snapshot.Node(i)
		if !c.hasJoined(n.Name) || !systems[n.Labels[corev1.LabelOSStable]] {
			out.Remove(i)
		}
	}
	return out
}
