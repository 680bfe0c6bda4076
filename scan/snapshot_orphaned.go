// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var snapshotOrphanedKind = Kind{
	ID: "snapshot-orphaned", Section: Waste,
	Means: "The VolumeSnapshot of a VolumeSnapshotContent is gone: the snapshot in the storage is kept and paid for, and nothing in a namespace names it.",
	Known: "VolumeSnapshotContent, spec.volumeSnapshotRef with its uid, and the VolumeSnapshots.",
	Not:   "While the content is being deleted; for a content that was prepared for a VolumeSnapshot that has not been created yet (no uid).",
	Remedy: "delete the content: with deletionPolicy Delete the snapshot goes with it, with Retain it has to be deleted in the storage; or create a VolumeSnapshot " +
		"with spec.source.volumeSnapshotContentName, if the data is wanted",
	LosesData: "Deleting a content of policy Delete deletes the snapshot.",
	Needs:     []topology.Kind{topology.KindVolumeSnapshotContent, topology.KindVolumeSnapshot},
	Find:      snapshotOrphaned,
}

func snapshotOrphaned(c *Cluster) []Finding {
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(c.SnapshotContents)) {
		content := c.SnapshotContents[name]
		ref := content.Spec.VolumeSnapshotRef
		if content.DeletionTimestamp != nil || ref.UID == "" || ref.Name == "" {
			continue
		}
		key := topology.Key{Namespace: ref.Namespace, Name: ref.Name}
		is := "is gone"
		if now := c.Snapshots[key]; now != nil {
			if now.UID == ref.UID || now.UID == "" {
				continue
			}
			is = "is another one by now"
		}
		f := Finding{
			Objects:   []Object{ObjectOf(topology.KindVolumeSnapshotContent, topology.Key{Name: name})},
			LosesData: content.Spec.DeletionPolicy == snapshotv1.VolumeSnapshotContentDelete,
			Cause:     fmt.Sprintf("the VolumeSnapshot %s of content %s %s", key, name, is),
			Evidence:  []string{fmt.Sprintf("VolumeSnapshotContent %s: volumeSnapshotRef %s with uid %s, deletionPolicy %s, driver %s", name, key, ref.UID, content.Spec.DeletionPolicy, content.Spec.Driver)},
			Command:   fmt.Sprintf("kubectl delete volumesnapshotcontent %s", name),
		}
		if s := content.Status; s != nil && s.RestoreSize != nil {
			f.Cause += ", and its snapshot of " + text.Size(*s.RestoreSize) + " is kept"
		}
		found = append(found, f)
	}
	return found
}
