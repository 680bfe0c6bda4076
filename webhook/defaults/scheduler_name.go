// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// ownLabel and ownName mark moorage's own pods, which must not wait for the scheduler that they run.
const (
	ownLabel = "app.kubernetes.io/name"
	ownName  = "moorage"
)

// SchedulerName is the name of a default that is on where it has its settings.
const SchedulerName = "scheduler-name"

var schedulerNameDefault = Default{
	Name:       SchedulerName,
	Summary:    "A pod with claims in a namespace that opted in goes to moorage's scheduler instead of the default one.",
	Kinds:      []rules.Kind{rules.Pod},
	Configured: func(s *Settings) bool { return s.SchedulerName != "" },
	Apply:      schedulerName,
}

// schedulerName gives pods that have claims, and have not chosen a scheduler, to the configured one. The API server has
// written default-scheduler where nothing was written; a pod that asks for it on purpose cannot be told apart, so that
// namespaces have to opt in. While that scheduler is known not to run, pods stay with the default one rather than wait.
func schedulerName(in Input, patch *Patch) error {
	pod, ok := in.Object.(*corev1.Pod)
	if !ok {
		return fmt.Errorf("the object is a %T, not a pod", in.Object)
	}
	if in.Old != nil || !toBeScheduled(pod) || !hasClaims(pod) || pod.Labels[ownLabel] == ownName ||
		(pod.Spec.SchedulerName != "" && pod.Spec.SchedulerName != corev1.DefaultSchedulerName) ||
		!in.settings.SchedulerNamespaces.Matches(in.Lookup, in.Namespace) ||
		(in.settings.SchedulerReady != nil && !in.settings.SchedulerReady()) {
		return nil
	}
	return patch.Set(in.settings.SchedulerName, "spec", "schedulerName")
}

func toBeScheduled(pod *corev1.Pod) bool { return pod.Spec.NodeName == "" }

func hasClaims(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.PersistentVolumeClaim != nil || v.Ephemeral != nil })
}
