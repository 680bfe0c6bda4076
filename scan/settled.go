// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
)

// What will stick is asked of the cluster as it is when it has settled: a node that was cordoned or stopped reporting a moment ago is about to
// come back or to go, and one that has just joined is about to get its drivers. Neither says anything about tomorrow.

const (
	// closedGrace is how long a node may be cordoned or not ready without counting as lost.
	closedGrace = 10 * time.Minute
	// joinedGrace is how long a node may take to get its drivers, labels and limits.
	joinedGrace = 5 * time.Minute
)

// settledView is a cluster as it is when it has settled.
type settledView struct {
	snapshot *topology.Snapshot
	places   *topology.Places
	// others are the filters beside volumes; nil where they are not known. numbers are the nodes' numbers there, negative for none.
	others  *nodefit.Cluster
	numbers []int
	// open take new pods, and young have just joined.
	open, young topology.NodeSet
	allowed     map[string]topology.NodeSet
	placed      map[placeKey]volumePlace
}

// memo is what several kinds of findings ask for, once it has been asked for: the settled view, the pods that are stranded in it, what the rules say;
// and what was found so far.
type memo struct {
	view     *settledView
	stranded *[]strandedPod
	asked    bool
	rules    []check.Finding
	told     map[told]bool
}

// settle returns the settled view of the cluster.
func (c *Cluster) settle() *settledView {
	if c.memo.view == nil {
		c.memo.view = c.settled()
	}
	return c.memo.view
}

func (c *Cluster) settled() *settledView {
	draft := c.Snapshot.Draft()
	var others *nodefit.Draft
	if c.Ask.Others != nil {
		others = c.Ask.Others.Draft()
	}
	for i := range c.Snapshot.NumNodes() {
		n := *c.Snapshot.Node(i)
		whole := c.Nodes[n.Name]
		if whole == nil || c.lasts(c.closedSince(whole), closedGrace) && !c.young(whole) {
			continue
		}
		n.Ready, n.Unschedulable = true, false
		draft.PutNode(&n)
		if others != nil {
			others.PutNode(opened(whole))
		}
	}
	v := &settledView{snapshot: draft.Snapshot(), allowed: map[string]topology.NodeSet{}, placed: map[placeKey]volumePlace{}}
	v.places, v.open, v.young = v.snapshot.Places(), v.snapshot.Open(), topology.NewNodeSet(v.snapshot.NumNodes())
	if others != nil {
		v.others = others.Cluster()
	}
	for i := range v.snapshot.NumNodes() {
		name, at := v.snapshot.Node(i).Name, -1
		if whole := c.Nodes[name]; whole != nil && c.young(whole) {
			v.young.Add(i)
		}
		if v.others != nil {
			if number, ok := v.others.NodeIndex(name); ok {
				at = number
			}
		}
		v.numbers = append(v.numbers, at)
	}
	return v
}

// young reports whether a node has just joined.
func (c *Cluster) young(n *corev1.Node) bool {
	return !n.CreationTimestamp.IsZero() && !c.lasts(n.CreationTimestamp.Time, joinedGrace)
}

// closedSince is when a node was cordoned or stopped reporting, whichever came last; zero where nothing says so.
func (c *Cluster) closedSince(n *corev1.Node) time.Time {
	var since time.Time
	for i := range n.Spec.Taints {
		if t := &n.Spec.Taints[i]; t.TimeAdded != nil && passing(t.Key) {
			since = newest(since, t.TimeAdded.Time)
		}
	}
	if n.Spec.Unschedulable {
		since = newest(since, last(c.events[eventKey{"Node", "", n.Name}], "NodeNotSchedulable"))
	}
	for i := range n.Status.Conditions {
		if r := &n.Status.Conditions[i]; r.Type == corev1.NodeReady && r.Status != corev1.ConditionTrue {
			since = newest(since, r.LastTransitionTime.Time)
		}
	}
	return since
}

// passing reports whether a taint tells of a state that a node goes through: Kubernetes, a cloud's controller or a driver takes it away again.
func passing(key string) bool {
	return strings.HasPrefix(key, "node.kubernetes.io/") && key != corev1.TaintNodeOutOfService ||
		strings.HasPrefix(key, "node.cloudprovider.kubernetes.io/") || strings.HasSuffix(key, "/agent-not-ready") || strings.HasSuffix(key, "agent-not-ready")
}

// opened is a node as it is when it takes pods again.
func opened(n *corev1.Node) *corev1.Node {
	out := nodefit.Trim(n)
	out.Spec.Unschedulable = false
	out.Spec.Taints = slices.DeleteFunc(slices.Clone(out.Spec.Taints), func(t corev1.Taint) bool { return passing(t.Key) })
	return out
}

// lasting are the filters of which an answer does not change with the pods that come and go.
var lasting = []string{nodefit.NodeUnschedulable, nodefit.TaintToleration, nodefit.NodeAffinity}

// allows are the nodes that a pod's selectors and tolerations allow, and with room those that have what it requests besides. Which other pods it must
// be near to or away from is left out. What is not known is allowed. Pods that ask for the same have the same answer.
func (v *settledView) allows(pod *corev1.Pod, room bool) topology.NodeSet {
	alone := corev1.Pod{Spec: corev1.PodSpec{NodeSelector: pod.Spec.NodeSelector, Tolerations: pod.Spec.Tolerations}}
	if a := pod.Spec.Affinity; a != nil && a.NodeAffinity != nil {
		alone.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: a.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution}}
	}
	if room {
		alone.Name, alone.Namespace, alone.UID = pod.Name, pod.Namespace, pod.UID
		alone.Spec.InitContainers, alone.Spec.Containers, alone.Spec.Overhead, alone.Spec.Resources = pod.Spec.InitContainers, pod.Spec.Containers, pod.Spec.Overhead, pod.Spec.Resources
	}
	key, err := json.Marshal(alone)
	if err != nil {
		return v.snapshot.AllNodes()
	}
	if known, ok := v.allowed[string(key)]; ok {
		return known
	}
	out := v.snapshot.AllNodes().Clone()
	if v.others != nil {
		verdict := v.others.Judge(&alone)
		for e := range verdict.Eliminations {
			if by := &verdict.Eliminations[e]; slices.Contains(lasting, by.Filter) || room && by.Filter == nodefit.NodeResourcesFit {
				for i := range out.Clone().All() {
					if at := v.numbers[i]; at >= 0 && by.Nodes.Has(at) {
						out.Remove(i)
					}
				}
			}
		}
	}
	v.allowed[string(key)] = out
	return out
}
