// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
)

var bindingHookDeadlockRule = Rule{
	ID: "binding-hook-deadlock",
	Summary: "A claim is in an earlier sync wave or hook (Argo CD, Helm) than everything that uses it, and its class waits for a consumer before it binds " +
		"the claim.",
	Kinds:  []Kind{PersistentVolumeClaim},
	Action: Warn,
	Symptom: "waiting for healthy state of PersistentVolumeClaim: it stays Pending (WaitForFirstConsumer), and the sync never goes on to the pod that it " +
		"waits for",
	Remediation: "put the claim into the hook or sync wave of the pod that uses it",
	See: []string{
		"https://github.com/argoproj/argo-cd/issues/12840", "https://github.com/helm/helm/issues/10196", "https://github.com/stackrox/stackrox/issues/2482",
	},
	NeedsLookup: true,
	FilesOnly:   true,
	Check:       bindingHookDeadlock,
}

// bindingHookDeadlock fires on a claim that is waited for before its consumer is made. Helm itself waits for the Jobs and pods among its hooks only;
// Argo CD, and Helm with --wait for what is no hook, wait for claims to be bound.
func bindingHookDeadlock(in *Input) []Finding {
	pvc, ok := in.Object.(*corev1.PersistentVolumeClaim)
	if !ok || in.Beside == nil || in.Lookup == nil || pvc.Spec.VolumeName != "" {
		return nil
	}
	own := stageOf(pvc.Annotations)
	if own.phase == phaseNone {
		return nil
	}
	class, ok := claim{annotations: pvc.Annotations, spec: &pvc.Spec}.classOrDefault(in.Lookup)
	if !ok || class.VolumeBindingMode == nil || *class.VolumeBindingMode != storagev1.VolumeBindingWaitForFirstConsumer {
		return nil
	}
	var first *claimUse
	uses := in.Beside.otherUses(topology.Key{Namespace: in.Namespace, Name: pvc.Name}, claimUser{})
	for i := range uses {
		u := &uses[i]
		if u.stage.phase == phaseNone {
			continue
		}
		if u.stage.compare(own) <= 0 {
			return nil
		}
		if first == nil || u.stage.compare(first.stage) < 0 {
			first = u
		}
	}
	if first == nil {
		return nil
	}
	at := field.NewPath("metadata")
	if own.by != "" {
		at = at.Child("annotations").Key(own.by)
	}
	f := Finding{
		Path: at,
		Message: fmt.Sprintf("the claim is %s, and its class %q waits for a consumer, which comes later: %s %q, %s", own, class.Name, first.kind, first.name,
			first.stage),
	}
	switch {
	case own.by == "" && first.stage.by == helmHook:
		f.Symptom = "the claim stays Pending (WaitForFirstConsumer): Argo CD, and helm with --wait, wait for it before the hook that uses it is run"
	case own.by == helmHook:
		f.Symptom = "the claim stays Pending (WaitForFirstConsumer): Argo CD, which takes Helm's hooks for its own, waits for it and never goes on to the pod"
		f.Remediation = "make the claim an ordinary resource of the chart, or its consumer a hook of the same weight"
	}
	return []Finding{f}
}
