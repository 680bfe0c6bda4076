// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"time"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// tell notes the times in an object: files tell no other time than the newest of them. A deletion counts from the time at which it was asked for: that
// of a pod lies ahead by what the pod has to end in good order.
func (o *Objects) tell(object runtime.Object, meta metav1.Object) {
	o.seen(meta.GetCreationTimestamp().Time)
	if d := meta.GetDeletionTimestamp(); d != nil {
		o.seen(askedToGo(meta))
	}
	for _, m := range meta.GetManagedFields() {
		if m.Time != nil {
			o.seen(m.Time.Time)
		}
	}
	switch object := object.(type) {
	case *corev1.Node:
		for i := range object.Status.Conditions {
			o.seen(object.Status.Conditions[i].LastHeartbeatTime.Time)
			o.seen(object.Status.Conditions[i].LastTransitionTime.Time)
		}
		for i := range object.Spec.Taints {
			o.seenAt(object.Spec.Taints[i].TimeAdded)
		}
	case *corev1.Pod:
		o.tellPod(object)
	case *corev1.PersistentVolumeClaim:
		for i := range object.Status.Conditions {
			o.seen(object.Status.Conditions[i].LastTransitionTime.Time)
			o.seen(object.Status.Conditions[i].LastProbeTime.Time)
		}
	case *corev1.PersistentVolume:
		o.seenAt(object.Status.LastPhaseTransitionTime)
	case *storagev1.VolumeAttachment:
		for _, e := range []*storagev1.VolumeError{object.Status.AttachError, object.Status.DetachError} {
			if e != nil {
				o.seen(e.Time.Time)
			}
		}
	case *corev1.Event:
		o.seen(object.FirstTimestamp.Time)
		o.seen(object.LastTimestamp.Time)
		o.seen(object.EventTime.Time)
		if object.Series != nil {
			o.seen(object.Series.LastObservedTime.Time)
		}
	case *snapshotv1.VolumeSnapshot:
		if object.Status != nil {
			o.seenAt(object.Status.CreationTime)
		}
	case *coordinationv1.Lease:
		if object.Spec.RenewTime != nil {
			o.seen(object.Spec.RenewTime.Time)
		}
	}
}

func (o *Objects) tellPod(p *corev1.Pod) {
	o.seenAt(p.Status.StartTime)
	for i := range p.Status.Conditions {
		o.seen(p.Status.Conditions[i].LastTransitionTime.Time)
		o.seen(p.Status.Conditions[i].LastProbeTime.Time)
	}
	for _, statuses := range [][]corev1.ContainerStatus{p.Status.InitContainerStatuses, p.Status.ContainerStatuses} {
		for i := range statuses {
			for _, s := range []corev1.ContainerState{statuses[i].State, statuses[i].LastTerminationState} {
				if s.Running != nil {
					o.seen(s.Running.StartedAt.Time)
				}
				if s.Terminated != nil {
					o.seen(s.Terminated.FinishedAt.Time)
				}
			}
		}
	}
}

func (o *Objects) seenAt(t *metav1.Time) {
	if t != nil {
		o.seen(t.Time)
	}
}

func (o *Objects) seen(t time.Time) {
	if t.After(o.Newest) {
		o.Newest = t
	}
}

// askedToGo is when the deletion of an object was asked for; zero where it was not.
func askedToGo(o metav1.Object) time.Time {
	d := o.GetDeletionTimestamp()
	if d == nil {
		return time.Time{}
	}
	if grace := o.GetDeletionGracePeriodSeconds(); grace != nil && *grace > 0 {
		return d.Add(-time.Duration(*grace) * time.Second)
	}
	return d.Time
}

// lasts reports whether what began at a time has lasted so long. What is not known to have begun lately has.
func (c *Cluster) lasts(since time.Time, grace time.Duration) bool {
	return since.IsZero() || c.Now.Sub(since) >= grace
}

// newest is the later of times.
func newest(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if t.After(out) {
			out = t
		}
	}
	return out
}
