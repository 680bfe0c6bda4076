// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// Lost stands in the place of a workload for pods of nodes that were taken away.
const Lost = "lost"

// lose takes nodes away, and returns their pods to be placed again, in the order of their names.
func (m *simulation) lose() ([]planned, error) {
	gone := map[string]bool{}
	for _, name := range m.Drain {
		if _, known := m.s.NodeIndex(name); !known {
			return nil, &UnknownNodeError{Name: name, Known: m.nodeNames()}
		}
		gone[name] = true
	}
	for _, zone := range m.LoseZone {
		found := false
		for i := range m.s.NumNodes() {
			if m.places.Zone(i) == zone && zone != "" {
				gone[m.s.Node(i).Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("no node is in zone %q; there are: %s", zone, strings.Join(m.places.Zones(), ", "))
		}
	}
	if len(gone) == 0 {
		return nil, nil
	}
	pods := m.podsOn(gone)
	for name := range gone {
		m.removeNode(name)
		m.result.Lost = append(m.result.Lost, name)
	}
	slices.Sort(m.result.Lost)
	m.s = m.draft.Snapshot()
	m.places = m.places.On(m.s)
	return pods, nil
}

// removeNode takes a node away from both halves.
func (m *simulation) removeNode(name string) {
	m.draft.RemoveNode(name)
	if m.others != nil {
		m.others.RemoveNode(name)
	}
}

// podsOn takes the pods of nodes away, and returns those that are placed again. Those that are there for their node stay with it.
func (m *simulation) podsOn(gone map[string]bool) []planned {
	if m.Pods == nil {
		return m.volumesOn(gone)
	}
	var pods []planned
	var keys []topology.Key
	for _, pod := range m.Pods {
		if !gone[pod.Spec.NodeName] {
			continue
		}
		keys = append(keys, topology.Key{Namespace: pod.Namespace, Name: pod.Name})
		if ended(pod) || pod.DeletionTimestamp != nil {
			continue
		}
		if why := staysWithNode(pod); why != "" {
			m.result.Stay = append(m.result.Stay, Stay{Namespace: pod.Namespace, Name: pod.Name, From: pod.Spec.NodeName, Why: why})
			continue
		}
		pods = append(pods, planned{workload: Lost, pod: again(pod), from: pod.Spec.NodeName})
	}
	// Their node goes with them, so of the other half they need not be taken away.
	m.draft.RemovePods(keys...)
	for i := range pods {
		m.renewEphemeral(pods[i].pod)
	}
	slices.SortFunc(pods, func(a, b planned) int {
		return cmp.Or(strings.Compare(a.pod.Namespace, b.pod.Namespace), strings.Compare(a.pod.Name, b.pod.Name))
	})
	slices.SortFunc(m.result.Stay, func(a, b Stay) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return pods
}

// volumesOn is podsOn where only pods' volumes are known.
func (m *simulation) volumesOn(gone map[string]bool) []planned {
	var keys []topology.Key
	var pods []planned
	for _, key := range m.s.Keys(topology.KindPod) {
		pod := m.s.Pod(key)
		if !gone[pod.Node] {
			continue
		}
		keys = append(keys, key)
		if pod.Terminal || pod.Deleting {
			continue
		}
		pods = append(pods, planned{workload: Lost, known: pod, from: pod.Node})
	}
	m.draft.RemovePods(keys...)
	return pods
}

func ended(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// staysWithNode is why a pod goes nowhere else; empty for one that does.
func staysWithNode(pod *corev1.Pod) string {
	if _, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]; mirror {
		return Mirror
	}
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil && owner.Kind == "DaemonSet" {
		return OfDaemonSet
	}
	return ""
}

// again is the pod as it is created again, on no node.
func again(pod *corev1.Pod) *corev1.Pod {
	out := pod.DeepCopy()
	out.Spec.NodeName, out.Status = "", corev1.PodStatus{}
	return out
}

// renewEphemeral has the claims of a pod's ephemeral volumes made again: they go with the pod, and their volumes with them.
func (m *simulation) renewEphemeral(pod *corev1.Pod) {
	for i := range pod.Spec.Volumes {
		if pod.Spec.Volumes[i].Ephemeral == nil {
			continue
		}
		claim := m.s.Claim(pod.Namespace, topology.EphemeralClaimName(pod.Name, pod.Spec.Volumes[i].Name))
		if claim == nil {
			continue
		}
		renewed := *claim
		renewed.VolumeName, renewed.BindCompleted, renewed.SelectedNode = "", false, ""
		m.draft.PutClaim(&renewed)
	}
}

// UnknownNodeError is the error for a node that is to be drained and is not in the cluster.
type UnknownNodeError struct {
	Name string
	// Known are the nodes that are in the cluster.
	Known []string
}

func (e *UnknownNodeError) Error() string { return fmt.Sprintf("there is no node %s to drain", e.Name) }

func (m *simulation) nodeNames() []string {
	names := make([]string, m.s.NumNodes())
	for i := range names {
		names[i] = m.s.Node(i).Name
	}
	return names
}
