// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"strings"

	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/names"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/nodevolumelimits"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/volumebinding"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/volumerestrictions"
	"k8s.io/kubernetes/pkg/scheduler/framework/plugins/volumezone"
)

// Reason is a reason that a plugin gives. Plugin and Name identify it.
type Reason struct {
	Plugin, Name string
	// parts must all occur in the plugin's text, in this order.
	parts []string
}

// String is what a coverage report shows.
func (r *Reason) String() string { return r.Plugin + ": " + r.Name }

// Reasons are all reasons that the plugins of v1.37.1 know and that a cluster as the API server admits it can bring about.
// The first that fits a text is the one that is counted.
var Reasons = []*Reason{
	{names.VolumeRestrictions, "disk conflict", []string{volumerestrictions.ErrReasonDiskConflict}},
	{names.VolumeRestrictions, "ReadWriteOncePod in use", []string{volumerestrictions.ErrReasonReadWriteOncePodConflict}},
	{names.VolumeRestrictions, "claim not found", []string{"persistentvolumeclaim", "not found"}},

	{names.NodeVolumeLimits, "too many volumes", []string{nodevolumelimits.ErrReasonMaxVolumeCountExceeded}},
	{names.NodeVolumeLimits, "driver not installed", []string{"CSI driver is not installed on the node"}},
	{names.NodeVolumeLimits, "claim not found", []string{"looking up PVC", "not found"}},
	{names.NodeVolumeLimits, "ephemeral claim of another", []string{"was not created for pod"}},
	{names.NodeVolumeLimits, "inline volume not translated", []string{"converting volume("}},

	{names.VolumeBinding, "PV affinity", []string{string(volumebinding.ErrReasonNodeConflict)}},
	{names.VolumeBinding, "nothing to bind", []string{string(volumebinding.ErrReasonBindConflict)}},
	{names.VolumeBinding, "not enough storage", []string{volumebinding.ErrReasonNotEnoughSpace}},
	{names.VolumeBinding, "PV does not exist", []string{volumebinding.ErrReasonPVNotExist}},
	{names.VolumeBinding, "unbound immediate claim", []string{"pod has unbound immediate PersistentVolumeClaims"}},
	{names.VolumeBinding, "ephemeral claim not there yet", []string{"waiting for ephemeral volume controller"}},
	{names.VolumeBinding, "claim not found", []string{"persistentvolumeclaim", "not found"}},
	{names.VolumeBinding, "claim is Lost", []string{"bound to non-existent persistentvolume"}},
	{names.VolumeBinding, "claim is being deleted", []string{"is being deleted"}},
	{names.VolumeBinding, "ephemeral claim of another", []string{"was not created for pod"}},
	{names.VolumeBinding, "class without binding mode", []string{"VolumeBindingMode not set for StorageClass"}},
	{names.VolumeBinding, "unreadable claim selector", []string{"error creating internal label selector for claim"}},
	{names.VolumeBinding, "PV not translated", []string{"could not translate pv"}},

	{names.VolumeZone, "zone mismatch", []string{volumezone.ErrReasonConflict}},
	{names.VolumeZone, "claim not found", []string{"persistentvolumeclaim", "not found"}},
	{names.VolumeZone, "claim without PV and class", []string{"PersistentVolumeClaim had no pv name and storageClass name"}},
	{names.VolumeZone, "class not found", []string{"storageclass", "not found"}},
	{names.VolumeZone, "class without binding mode", []string{"VolumeBindingMode not set for StorageClass"}},
	{names.VolumeZone, "claim not bound", []string{"PersistentVolume had no name"}},
	{names.VolumeZone, "PV not found", []string{"persistentvolume \"", "not found"}},
}

// reasonOf finds the reason that a plugin's text stands for; nil where the table has none.
func reasonOf(plugin, text string) *Reason {
	for _, r := range Reasons {
		if r.Plugin == plugin && r.fits(text) {
			return r
		}
	}
	return nil
}

func (r *Reason) fits(text string) bool {
	for _, part := range r.parts {
		_, after, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = after
	}
	return true
}
