// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/topology"
)

var groupUnplaceableKind = Kind{
	ID: "group-unplaceable", Section: Stuck,
	Means:  "The pods of a scheduling group wait for one another, and their volumes cannot get room together: each would fit alone.",
	Known:  "The waiting pods with the same spec.schedulingGroup, placed by the engine one after the other; the gang's minCount of the PodGroup.",
	Not:    "Within 60 seconds; where there is room for as many as the gang wants, or where one of the pods cannot be placed alone.",
	Remedy: "make room in the pools for all of them, or make the group smaller (minCount)",
	Needs:  []topology.Kind{topology.KindPod, topology.KindNode, topology.KindClaim, topology.KindVolume, topology.KindClass},

	Explains: true,
	Find:     groupUnplaceable,
}

// podGroupKind is the kind of the root.
const podGroupKind = "PodGroup"

func groupUnplaceable(c *Cluster) []Finding {
	members := map[Object][]*corev1.Pod{}
	var order []Object
	for _, pod := range c.waiting(func(p *corev1.Pod) bool {
		return p.Spec.NodeName == "" && c.lasts(explain.UnstartedSince(p), waitGrace)
	}) {
		o := groupOf(pod)
		if o.Name == "" {
			continue
		}
		if members[o] == nil {
			order = append(order, o)
		}
		members[o] = append(members[o], pod)
	}
	placed := map[Object]int{}
	if len(order) > 0 {
		for _, pod := range c.Pods {
			if pod.Spec.NodeName != "" && !ended(pod) {
				placed[groupOf(pod)]++
			}
		}
	}
	var found []Finding
	for _, o := range order {
		pods := members[o]
		asked, _ := c.explainPods(pods[:1])
		e := asked[0].says
		if e.Group == nil || !e.Fits || c.explained[podObject(keyOf(pods[0]))] {
			continue
		}
		if gang, known := c.PodGroups[topology.Key{Namespace: o.Namespace, Name: o.Name}]; known && e.Group.Room+placed[o] >= gang {
			continue
		}
		f := Finding{Objects: []Object{o}, Command: explainCommand("pod", keyOf(pods[0]))}
		for _, pod := range pods {
			f.Hurts = append(f.Hurts, podObject(keyOf(pod)))
			if since := explain.UnstartedSince(pod); f.Since.IsZero() || since.Before(f.Since) {
				f.Since = since
			}
		}
		f.Cause = fmt.Sprintf("there is room for the volumes of %d of the %d waiting pods of scheduling group %s/%s, and they wait for one another",
			e.Group.Room, e.Group.Waiting, o.Namespace, o.Name)
		f.Evidence = []string{cmp.Or(explain.SaidOf(pods[0]), fmt.Sprintf("%d pods with spec.schedulingGroup.podGroupName %s have no node", len(pods), o.Name))}
		found = append(found, f)
	}
	return found
}

// groupOf is the scheduling group of a pod; its name is empty where it has none.
func groupOf(pod *corev1.Pod) Object {
	return Object{Kind: podGroupKind, Namespace: pod.Namespace, Name: explain.PodGroupOf(pod)}
}
