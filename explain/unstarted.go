// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Unstarted reports whether a pod has not started: it waits for a node, or its containers do not run there yet. A pod of a file that says
// nothing of its state is taken to run where it has a node.
func Unstarted(pod *corev1.Pod) bool {
	switch {
	case pod.DeletionTimestamp != nil:
		return false
	case pod.Status.Phase == "":
		return pod.Spec.NodeName == ""
	default:
		return pod.Status.Phase == corev1.PodPending
	}
}

// UnstartedSince is since when a pod waits for what it waits for now: a node, or its start. It is zero where nothing says so.
func UnstartedSince(pod *corev1.Pod) time.Time {
	want := corev1.ConditionFalse
	if pod.Spec.NodeName != "" {
		want = corev1.ConditionTrue
	}
	for i := range pod.Status.Conditions {
		c := &pod.Status.Conditions[i]
		if c.Type == corev1.PodScheduled && c.Status == want && !c.LastTransitionTime.IsZero() {
			return c.LastTransitionTime.Time
		}
	}
	return pod.CreationTimestamp.Time
}

// SaidOf is what kube-scheduler wrote of a pod that it could not place.
func SaidOf(pod *corev1.Pod) string {
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			return c.Message
		}
	}
	return ""
}

// Alike groups pods for which the answer is the same, each group in the order of the pods: they wait for a node, ask for the same, and
// kube-scheduler says the same of them. Replicas of one template do, unless they have volumes of their own. A pod that has its node is alone.
func Alike(pods []*corev1.Pod) [][]*corev1.Pod {
	var out [][]*corev1.Pod
	at := map[string]int{}
	for _, pod := range pods {
		key := alikeKey(pod)
		if i, met := at[key]; met && key != "" {
			out[i] = append(out[i], pod)
			continue
		}
		at[key] = len(out)
		out = append(out, []*corev1.Pod{pod})
	}
	return out
}

// serviceAccountToken begins the name of the volume that the API server adds to each pod, with random letters behind.
const serviceAccountToken = "kube-api-access-"

// alikeKey is the same for pods that are alike; empty for one that is alone.
func alikeKey(pod *corev1.Pod) string {
	ephemeral := slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Ephemeral != nil })
	if pod.Spec.NodeName != "" || ephemeral {
		return ""
	}
	spec := pod.Spec
	spec.Hostname = ""
	spec.Volumes = slices.DeleteFunc(slices.Clone(spec.Volumes), func(v corev1.Volume) bool { return strings.HasPrefix(v.Name, serviceAccountToken) })
	without := func(containers []corev1.Container) []corev1.Container {
		containers = slices.Clone(containers)
		for i := range containers {
			containers[i].VolumeMounts = nil
		}
		return containers
	}
	spec.InitContainers, spec.Containers = without(spec.InitContainers), without(spec.Containers)
	type said struct {
		Status  corev1.ConditionStatus
		Reason  string
		Message string
	}
	var conditions []said
	for i := range pod.Status.Conditions {
		if c := &pod.Status.Conditions[i]; c.Type == corev1.PodScheduled {
			conditions = append(conditions, said{c.Status, c.Reason, c.Message})
		}
	}
	text, err := json.Marshal([]any{pod.Namespace, pod.Status.NominatedNodeName, pod.Labels, &spec, conditions})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return string(sum[:])
}
