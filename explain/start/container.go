// SPDX-License-Identifier: Apache-2.0

package start

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/event"
)

// Container is what keeps a container from running, once the pod's volumes are there.
type Container struct {
	// Name is empty for the pod's sandbox.
	Name string
	// Reason is the kubelet's, such as CrashLoopBackOff, and Message what it says.
	Reason, Message string
	Restarts        int
	// Event and Known are set where the message is known to be about a volume.
	Event *event.Event
	Known *event.Known
}

// waitsForVolumes are the reasons of a container that waits before the volumes are there (pkg/kubelet/container and kubelet_pods.go of
// Kubernetes).
var waitsForVolumes = []string{"", "ContainerCreating", "PodInitializing"}

// noSandbox is the reason of an event: the kubelet makes a pod's sandbox once its volumes are mounted.
const noSandbox = "FailedCreatePodSandBox"

func statuses(pod *corev1.Pod) []corev1.ContainerStatus {
	return slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses)
}

// mounted reports whether the pod's volumes have been mounted: the kubelet does nothing about containers before.
func mounted(pod *corev1.Pod) bool {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReadyToStartContainers && c.Status == corev1.ConditionTrue {
			return true
		}
	}
	return slices.ContainsFunc(statuses(pod), func(c corev1.ContainerStatus) bool {
		return c.State.Running != nil || c.State.Terminated != nil || c.LastTerminationState.Terminated != nil || c.RestartCount > 0 ||
			c.State.Waiting != nil && !slices.Contains(waitsForVolumes, c.State.Waiting.Reason)
	})
}

// container is what keeps a container of a pod from its start, or the pod's sandbox; nil where nothing is seen.
func (q *Question) container() *Container {
	for _, c := range statuses(q.Pod) {
		if w := c.State.Waiting; w != nil && !slices.Contains(waitsForVolumes, w.Reason) {
			out := &Container{Name: c.Name, Reason: w.Reason, Message: w.Message, Restarts: int(c.RestartCount)}
			if w.Message != "" {
				out.Known = event.Explain(event.Container, w.Message)
			}
			for i := range q.Events {
				e := &q.Events[i]
				if out.Known != nil || event.StageOf(e.Reason) != event.Container || e.Object.Kind != "Pod" {
					continue
				}
				if out.Known = e.Known(); out.Known != nil {
					out.Event = e
				}
			}
			return out
		}
		if t := c.State.Terminated; t != nil && t.ExitCode != 0 {
			return &Container{Name: c.Name, Reason: t.Reason, Message: t.Message, Restarts: int(c.RestartCount)}
		}
	}
	if e := q.sandboxFails(); e != nil {
		return &Container{Reason: e.Reason, Message: e.Message, Event: e}
	}
	return nil
}

// runningInit is the init container that runs, and after which others start; empty for none.
func runningInit(pod *corev1.Pod) string {
	for i := range pod.Spec.InitContainers {
		c := &pod.Spec.InitContainers[i]
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			continue
		}
		for k := range pod.Status.InitContainerStatuses {
			if s := &pod.Status.InitContainerStatuses[k]; s.Name == c.Name && s.State.Running != nil {
				return c.Name
			}
		}
	}
	return ""
}

// sandboxFails is what the kubelet said last of the pod, where that is that it cannot make the sandbox.
func (q *Question) sandboxFails() *event.Event {
	for i := range q.Events {
		switch e := &q.Events[i]; {
		case e.Object.Kind == "Pod" && e.Reason == noSandbox:
			return e
		case e.Object.Kind == "Pod" && event.StageOf(e.Reason) != "":
			return nil
		}
	}
	return nil
}

// runningTrouble is what troubles a pod that runs; nil where that is nothing.
func runningTrouble(pod *corev1.Pod) *Container {
	for _, c := range statuses(pod) {
		if w := c.State.Waiting; w != nil && !slices.Contains(waitsForVolumes, w.Reason) {
			return &Container{Name: c.Name, Reason: w.Reason, Message: w.Message, Restarts: int(c.RestartCount)}
		}
	}
	for _, c := range pod.Status.ContainerStatuses {
		if c.State.Running != nil && !c.Ready && pod.Status.Phase == corev1.PodRunning {
			return &Container{Name: c.Name, Reason: NotReady, Restarts: int(c.RestartCount)}
		}
	}
	return nil
}

// NotReady is the reason of a container that runs and whose probes do not succeed, or not yet.
const NotReady = "NotReady"

// controllerOf is what makes another pod in this one's place; empty for nothing.
func controllerOf(pod *corev1.Pod) string {
	if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
		return owner.Kind + " " + owner.Name
	}
	return ""
}
