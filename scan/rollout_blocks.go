// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

var rolloutBlocksKind = Kind{
	ID: "rollout-blocks", Section: WillStick,
	Means: "A rolling update or a drain waits for itself: the new pod needs a volume that the old one has, or an evicted pod cannot leave its volume's zone and takes up " +
		"what its PodDisruptionBudget allows.",
	Known: "Deployment, spec.strategy, and the access modes and the driver of its claims; PodDisruptionBudget, status.disruptionsAllowed, and the nodes to which its pods could go.",
	Not: "Where maxSurge is 0, or the new pod can only go to the node of the old one (a volume of one node, one node in the cluster), unless the claim is ReadWriteOncePod; for " +
		"volumes that several nodes may have; for a Deployment without replicas, or of which a pod waits already (pod-hanging, pod-waiting).",
	Remedy: "set strategy.type: Recreate, or maxSurge: 0, so that the old pod ends first",
	Needs:  []topology.Kind{topology.KindNode, topology.KindPod, topology.KindClaim, topology.KindVolume},
	Find:   func(c *Cluster) []Finding { return slices.Concat(rolloutsThatBlock(c), drainsThatBlock(c)) },
}

func rolloutsThatBlock(c *Cluster) []Finding {
	v := c.settle()
	var found []Finding
	for _, w := range c.workloads("Deployment") {
		if w.Deployment == nil || w.Replicas == 0 || w.Meta.DeletionTimestamp != nil || surge(w.Deployment) == 0 || c.rollsNow(w) {
			continue
		}
		pod := fromTemplate(w, w.Name)
		pod.Labels = maps.Clone(pod.Labels)
		demand := placement.NewDemand(v.snapshot, topology.PodFromAPI(pod))
		claim, oncePod := v.singleWriter(c, demand)
		if claim == nil {
			continue
		}
		nodes := v.allows(pod, false).Clone()
		for i := range demand.Volumes {
			if volume := demand.Volumes[i].Volume; volume != nil {
				nodes.And(v.snapshot.Reach(volume))
			}
			nodes.And(v.serves(demand.Volumes[i].Driver()))
		}
		if !oncePod && nodes.Len() < 2 {
			continue
		}
		key := claim.Key()
		f := Finding{
			Objects: []Object{w.Object}, Hurts: append([]Object{claimObject(key)}, c.usersOf(key)...),
			Cause: fmt.Sprintf("a rolling update of Deployment %s/%s starts a new pod before the old one ends, and claim %s can be used by one node at a time", w.Namespace, w.Name, key.Name),
			Evidence: []string{
				fmt.Sprintf("Deployment %s/%s: strategy RollingUpdate, %d more at a time", w.Namespace, w.Name, surge(w.Deployment)),
				fmt.Sprintf("PersistentVolumeClaim %s: ReadWriteOnce, and the pod may go to %s", key, text.Count(nodes.Len(), "node")),
			},
			Command: fmt.Sprintf(`kubectl patch deployment %s -n %s -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`, w.Name, w.Namespace),
		}
		if oncePod {
			f.Cause = fmt.Sprintf("a rolling update of Deployment %s/%s starts a new pod before the old one ends, and claim %s can be used by one pod at a time", w.Namespace, w.Name, key.Name)
			f.Evidence[1] = fmt.Sprintf("PersistentVolumeClaim %s: ReadWriteOncePod", key)
		}
		found = append(found, f)
	}
	return found
}

// rollsNow reports whether a pod of a Deployment waits or hangs already: that is reported, with its cause.
func (c *Cluster) rollsNow(w *Workload) bool {
	return slices.ContainsFunc(c.PodsOf(w.Object), func(p *corev1.Pod) bool {
		pod := podObject(keyOf(p))
		return c.explained[pod] || c.memo.told[told{"pod-hanging", pod}] || c.memo.told[told{"pod-waiting", pod}]
	})
}

// surge is how many pods more than its replicas a Deployment starts in a rolling update (ResolveFenceposts in pkg/controller/deployment/util of
// Kubernetes); 0 for another strategy.
func surge(d *appsv1.Deployment) int {
	if d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return 0
	}
	replicas := 1
	if d.Spec.Replicas != nil {
		replicas = int(*d.Spec.Replicas)
	}
	most := intstr.FromString("25%")
	if r := d.Spec.Strategy.RollingUpdate; r != nil && r.MaxSurge != nil {
		most = *r.MaxSurge
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(&most, replicas, true)
	if err != nil {
		return 0
	}
	return n
}

// singleWriter is a claim of a pod that only one node may use at a time, and whether only one pod may; nil where there is none. Claims of ephemeral
// volumes are the pod's own.
func (v *settledView) singleWriter(c *Cluster, demand *placement.Demand) (claim *topology.Claim, oncePod bool) {
	single := c.Ask.Engine.SingleWriterVolumes(v.snapshot, demand)
	for i := range demand.Volumes {
		volume := &demand.Volumes[i]
		switch {
		case volume.Claim == nil || volume.Ephemeral:
		case volume.Claim.AccessModes.Has(topology.ReadWriteOncePod):
			return volume.Claim, true
		case claim == nil && volume.Volume != nil && slices.Contains(single, topology.Key{Name: volume.Volume.Name}):
			claim = volume.Claim
		}
	}
	return claim, false
}

// drainsThatBlock looks for nodes that can never be drained: the first of their pods that are evicted find no other node that their volumes reach, and
// use up what the budget allows.
func drainsThatBlock(c *Cluster) []Finding {
	byNamespace := map[string][]strandedPod{}
	for _, p := range c.strandedPods() {
		byNamespace[p.pod.Namespace] = append(byNamespace[p.pod.Namespace], p)
	}
	var found []Finding
	for _, key := range slices.SortedFunc(maps.Keys(c.Budgets), topology.Key.Compare) {
		b := c.Budgets[key]
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || len(byNamespace[key.Namespace]) == 0 {
			continue
		}
		onNode := map[string][]strandedPod{}
		for _, p := range byNamespace[key.Namespace] {
			if selector.Matches(labels.Set(p.pod.Labels)) {
				onNode[p.pod.Spec.NodeName] = append(onNode[p.pod.Spec.NodeName], p)
			}
		}
		for _, node := range slices.Sorted(maps.Keys(onNode)) {
			stranded := onNode[node]
			away := c.mayBeAway(b, selector)
			if len(stranded) <= away {
				continue
			}
			f := Finding{
				Objects: []Object{ObjectOf(topology.KindBudget, key)},
				Cause: fmt.Sprintf("node %s cannot be drained: PodDisruptionBudget %s allows %d of its pods to be away, and %d on the node could go to no other node in zone %s, where their volumes are",
					node, key, away, len(stranded), stranded[0].zone),
				Evidence: []string{fmt.Sprintf("PodDisruptionBudget %s: status.disruptionsAllowed %d, currentHealthy %d, desiredHealthy %d",
					key, away, b.Status.CurrentHealthy, b.Status.DesiredHealthy)},
				Remedy:  "add a node to the zone, spread the pods over more nodes of it, or let the budget allow as many of them to be away as are on one node",
				Command: fmt.Sprintf("kubectl moorage simulate --drain %s", node),
			}
			for _, p := range stranded {
				f.Hurts = append(f.Hurts, podObject(keyOf(p.pod)))
			}
			found = append(found, f)
			break
		}
	}
	return found
}

// mayBeAway is how many of its pods a budget allows to be evicted now: as its status says, or where nobody has written that yet, by what it asks for.
func (c *Cluster) mayBeAway(b *policyv1.PodDisruptionBudget, selector labels.Selector) int {
	if b.Status.ExpectedPods > 0 || b.Status.ObservedGeneration > 0 {
		return int(b.Status.DisruptionsAllowed)
	}
	pods := 0
	for _, pod := range c.Pods {
		if pod.Namespace == b.Namespace && !ended(pod) && selector.Matches(labels.Set(pod.Labels)) {
			pods++
		}
	}
	most, err := pods, error(nil)
	switch {
	case b.Spec.MaxUnavailable != nil:
		most, err = intstr.GetScaledValueFromIntOrPercent(b.Spec.MaxUnavailable, pods, true)
	case b.Spec.MinAvailable != nil:
		var least int
		least, err = intstr.GetScaledValueFromIntOrPercent(b.Spec.MinAvailable, pods, true)
		most = pods - least
	}
	if err != nil {
		return pods
	}
	return max(0, most)
}
