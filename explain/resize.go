// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// Resize is how far the growth of a claim's volume is.
type Resize struct {
	Is ResizeState
	// Wanted is what the claim asks for, Has what its volume has.
	Wanted, Has int64
	// Since is when it came to that, zero where that is not known. Said is what the driver or the kubelet said of it.
	Since time.Time
	Said  string
	// Running are the pods that have the volume on a node.
	Running []User
}

// ResizeState is who is to act next.
type ResizeState int

// The states.
const (
	// ResizeUnseen: nobody has begun.
	ResizeUnseen ResizeState = iota
	// ResizeController: the driver's controller is at it.
	ResizeController
	// ResizeNode: the node is to grow the file system.
	ResizeNode
	// ResizeRefused: the storage says that it cannot be, and ResizeFailing that it did not work, so that it is tried again.
	ResizeRefused
	ResizeFailing
)

// Modify is how far a change of the VolumeAttributesClass of a claim is.
type Modify struct {
	// To is the class that is wanted, From the one that holds.
	To, From string
	// Missing tells that there is no such class. Refused tells that the driver says it cannot be.
	Missing, Refused bool
	Since            time.Time
	Said             string
}

// longEnough is after how long something that goes on by itself is said to hang.
const longEnough = 10 * time.Minute

func hangs(now, since time.Time) bool { return since.IsZero() || now.Sub(since) >= longEnough }

// stuck reports whether the growth will not go on by itself. A volume whose file system grows when a pod next has it waits for nothing else.
func (r *Resize) stuck(now time.Time) bool {
	switch r.Is {
	case ResizeRefused, ResizeFailing:
		return true
	case ResizeNode:
		return len(r.Running) > 0 && hangs(now, r.Since)
	default:
		return hangs(now, r.Since)
	}
}

func (m *Modify) stuck(now time.Time) bool { return m.Missing || m.Refused || hangs(now, m.Since) }

// resizeOf is nil where the volume is as large as the claim wants it.
func resizeOf(c *corev1.PersistentVolumeClaim, running []User) *Resize {
	wanted, has := c.Spec.Resources.Requests[corev1.ResourceStorage], c.Status.Capacity[corev1.ResourceStorage]
	r := &Resize{Wanted: topology.Bytes(wanted), Has: topology.Bytes(has), Running: running}
	status := c.Status.AllocatedResourceStatuses[corev1.ResourceStorage]
	told := false
	for i := range c.Status.Conditions {
		cond := &c.Status.Conditions[i]
		if cond.Status != corev1.ConditionTrue {
			continue
		}
		var is ResizeState
		switch cond.Type {
		case corev1.PersistentVolumeClaimResizing:
			is = ResizeController
		case corev1.PersistentVolumeClaimFileSystemResizePending:
			is = ResizeNode
		case corev1.PersistentVolumeClaimControllerResizeError, corev1.PersistentVolumeClaimNodeResizeError:
			is = ResizeFailing
		default:
			continue
		}
		if told = true; is >= r.Is {
			r.Is, r.Since = is, cond.LastTransitionTime.Time
			if cond.Message != "" && is != ResizeNode {
				r.Said = cond.Message
			}
		}
	}
	switch status {
	case corev1.PersistentVolumeClaimControllerResizeInfeasible, corev1.PersistentVolumeClaimNodeResizeInfeasible:
		r.Is, told = ResizeRefused, true
	case corev1.PersistentVolumeClaimNodeResizePending, corev1.PersistentVolumeClaimNodeResizeInProgress:
		r.Is, told = max(r.Is, ResizeNode), true
	case corev1.PersistentVolumeClaimControllerResizeInProgress:
		r.Is, told = max(r.Is, ResizeController), true
	}
	if !told && (has.IsZero() || r.Has >= r.Wanted) {
		return nil
	}
	return r
}

// modifyOf is nil where nothing is to be changed.
func modifyOf(s *topology.Snapshot, c *corev1.PersistentVolumeClaim) *Modify {
	var m Modify
	if c.Status.CurrentVolumeAttributesClassName != nil {
		m.From = *c.Status.CurrentVolumeAttributesClassName
	}
	told := false
	if status := c.Status.ModifyVolumeStatus; status != nil {
		told = true
		m.To, m.Refused = status.TargetVolumeAttributesClassName, status.Status == corev1.PersistentVolumeClaimModifyVolumeInfeasible
	}
	for i := range c.Status.Conditions {
		cond := &c.Status.Conditions[i]
		if cond.Status != corev1.ConditionTrue || cond.Type != corev1.PersistentVolumeClaimVolumeModifyingVolume && cond.Type != corev1.PersistentVolumeClaimVolumeModifyVolumeError {
			continue
		}
		told, m.Since = true, cond.LastTransitionTime.Time
		if cond.Message != "" {
			m.Said = cond.Message
		}
	}
	if m.To == "" && c.Spec.VolumeAttributesClassName != nil {
		m.To = *c.Spec.VolumeAttributesClassName
	}
	if !told || m.To == "" {
		return nil
	}
	m.Missing = s.AttributesClass(m.To) == nil && s.Len(topology.KindAttributesClass) > 0
	return &m
}

// InFull reports whether more is said of a claim than a snapshot keeps: it has no volume, is being deleted, or its volume is to grow or to change.
func InFull(c *corev1.PersistentVolumeClaim) bool {
	wanted, has := c.Spec.Resources.Requests[corev1.ResourceStorage], c.Status.Capacity[corev1.ResourceStorage]
	return c.Status.Phase != corev1.ClaimBound || c.DeletionTimestamp != nil || len(c.Status.Conditions) > 0 || len(c.Status.AllocatedResourceStatuses) > 0 || c.Status.ModifyVolumeStatus != nil ||
		!has.IsZero() && has.Cmp(wanted) < 0
}
