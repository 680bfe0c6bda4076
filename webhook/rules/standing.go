// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"slices"
	"strings"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// provisioning are the rules, beside those named binding-*, about whether a claim or a snapshot ever gets what it asks for.
var provisioning = []string{
	"access-mode-unsupported", "access-mode-rox-needs-source", "attributes-class-driver", "snapshot-driver-mismatch", "snapshot-too-small", "snapshot-mode-change",
}

// settled says that an object which is in the cluster has what the rule doubts that it ever gets. Its class or its source may have gone since.
func settled(o runtime.Object, rule string) bool {
	if !strings.HasPrefix(rule, "binding-") && !slices.Contains(provisioning, rule) {
		return false
	}
	switch o := o.(type) {
	case *corev1.PersistentVolumeClaim:
		return o.Status.Phase == corev1.ClaimBound
	case *corev1.PersistentVolume:
		return o.Status.Phase == corev1.VolumeBound && rule == bindingStaticMismatchRule.ID
	case *corev1.Pod:
		return o.Status.Phase == corev1.PodRunning
	case *snapshotv1.VolumeSnapshot:
		return o.Status != nil && o.Status.ReadyToUse != nil && *o.Status.ReadyToUse
	}
	return false
}
