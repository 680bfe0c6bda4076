// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/internal/text"
	"github.com/moorage-k8s/moorage/topology"
)

var volumeReleasedKind = Kind{
	ID: "volume-released", Section: Waste,
	Means: "A volume is Released: its claim is gone, and its data is kept and paid for.",
	Known: "PersistentVolume, status.phase Released, spec.claimRef, spec.persistentVolumeReclaimPolicy.",
	Not:   "Where the policy is Delete and the claim went in the last 10 minutes, while the volume is being deleted, and where its node is gone (volume-node-gone).",
	Remedy: "look at what it holds; then delete the volume and the storage behind it, or let a claim have it: take spec.claimRef.uid away, and create a claim of that name " +
		"with spec.volumeName",
	LosesData: "Deleting the storage behind it deletes the data. Deleting the PersistentVolume of policy Retain leaves the storage where it is, and nothing names it any more.",
	Needs:     []topology.Kind{topology.KindVolume},
	Find:      volumeReleased,
}

var volumeFailedKind = Kind{
	ID: "volume-failed", Section: Waste,
	Means:     "A volume has Failed: its claim is gone, and it could not be deleted or recycled.",
	Known:     "PersistentVolume, status.phase Failed, status.message, and its events.",
	Not:       "While the volume is being deleted.",
	Remedy:    "look at why the driver cannot delete it (its words, its controller's log); when it can, it is tried again",
	LosesData: "The volume is deleted as soon as that works, with its data.",
	Needs:     []topology.Kind{topology.KindVolume},
	Find:      volumeFailed,
}

// reclaimGrace is how long a volume may take to be deleted after its claim.
const reclaimGrace = 10 * time.Minute

func volumeReleased(c *Cluster) []Finding {
	return c.leftVolumes(corev1.VolumeReleased, func(v *corev1.PersistentVolume) bool {
		return v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete && v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimRecycle ||
			c.lasts(phaseSince(v), reclaimGrace)
	})
}

func volumeFailed(c *Cluster) []Finding {
	return c.leftVolumes(corev1.VolumeFailed, func(*corev1.PersistentVolume) bool { return true })
}

// leftVolumes are the volumes in a phase that nobody uses and that nobody deletes, the largest first.
func (c *Cluster) leftVolumes(phase corev1.PersistentVolumePhase, counts func(*corev1.PersistentVolume) bool) []Finding {
	var left []*corev1.PersistentVolume
	for _, name := range slices.Sorted(maps.Keys(c.Volumes)) {
		if v := c.Volumes[name]; v.Status.Phase == phase && v.DeletionTimestamp == nil && counts(v) && !c.explained[volumeObject(name)] {
			left = append(left, v)
		}
	}
	slices.SortStableFunc(left, func(a, b *corev1.PersistentVolume) int { return cmp.Compare(sizeOf(b), sizeOf(a)) })
	var found []Finding
	for _, v := range left {
		f := Finding{
			Objects: []Object{volumeObject(v.Name)}, Since: phaseSince(v),
			Cause: fmt.Sprintf("volume %s of %s is %s", v.Name, text.Size(sizeOf(v)), v.Status.Phase),
			Evidence: []string{fmt.Sprintf("PersistentVolume %s: status.phase %s, persistentVolumeReclaimPolicy %s, class %q",
				v.Name, v.Status.Phase, v.Spec.PersistentVolumeReclaimPolicy, v.Spec.StorageClassName)},
			Command: fmt.Sprintf("kubectl describe pv %s", v.Name),
		}
		if ref := v.Spec.ClaimRef; ref != nil {
			f.Cause += fmt.Sprintf(" and holds the data of claim %s/%s, which is gone", ref.Namespace, ref.Name)
			if now := c.Claims[topology.Key{Namespace: ref.Namespace, Name: ref.Name}]; now != nil {
				f.Cause += fmt.Sprintf(" (another claim of that name has volume %s)", cmp.Or(now.Spec.VolumeName, "none"))
			}
		}
		if v.Status.Message != "" {
			f.Evidence = append(f.Evidence, "status.message: "+v.Status.Message)
		}
		found = append(found, f)
	}
	return found
}

func sizeOf(v *corev1.PersistentVolume) int64 {
	return topology.Bytes(v.Spec.Capacity[corev1.ResourceStorage])
}

// phaseSince is when a volume came into its phase; zero where nothing says so.
func phaseSince(v *corev1.PersistentVolume) time.Time {
	if at := v.Status.LastPhaseTransitionTime; at != nil {
		return at.Time
	}
	return time.Time{}
}
