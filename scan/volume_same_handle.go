// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
)

var volumeSameHandleKind = Kind{
	ID: "volume-same-handle", Section: DataAtRisk,
	Means: "Several PersistentVolumes are one and the same volume of the storage: two claims write to it, deleting one deletes the data of the other, and on one node " +
		"the kubelet takes them for one.",
	Known:     "The same spec.csi.driver and spec.csi.volumeHandle, or what an in-tree volume is to the driver that serves it now.",
	Not:       "For a Released or Failed volume beside the one that took it over, and for volumes that all are read only and kept (Retain).",
	Remedy:    "decide which PersistentVolume is to stay; set the policy of the others to Retain before they are deleted, and share the one between pods by its claim",
	LosesData: "Deleting a PersistentVolume of policy Delete deletes the data of all of them: set persistentVolumeReclaimPolicy: Retain before.",
	Needs:     []topology.Kind{topology.KindVolume},
	Find:      volumeSameHandle,
}

func volumeSameHandle(c *Cluster) []Finding {
	type handle struct{ driver, handle string }
	by := map[handle][]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Volumes)) {
		seen := c.Snapshot.Volume(name)
		if seen == nil || seen.Released || seen.Failed {
			continue
		}
		h := handle{seen.Driver, seen.Handle}
		if m := seen.Migration; m != nil && m.Err == nil {
			h = handle{m.Driver, m.Handle}
		}
		if h.driver != "" && h.handle != "" {
			by[h] = append(by[h], name)
		}
	}
	var found []Finding
	handles := slices.SortedFunc(maps.Keys(by), func(a, b handle) int { return cmp.Or(cmp.Compare(a.driver, b.driver), cmp.Compare(a.handle, b.handle)) })
	for _, h := range handles {
		names := by[h]
		if len(names) < 2 || !slices.ContainsFunc(names, func(name string) bool { return mayChange(c.Volumes[name]) }) {
			continue
		}
		f := Finding{
			LosesData: true,
			Cause:     fmt.Sprintf("volumes %s are the same volume %q of driver %s", strings.Join(names, ", "), h.handle, h.driver),
			Evidence:  []string{fmt.Sprintf("spec.csi.driver %s, spec.csi.volumeHandle %q in each", h.driver, h.handle)},
			Command:   typed(slices.Concat([]string{"kubectl", "get", "pv"}, names, []string{"-o", "wide"})...),
		}
		for _, name := range names {
			v := c.Volumes[name]
			f.Objects = append(f.Objects, volumeObject(name))
			f.Hurts = append(f.Hurts, c.claimAndUsers(v)...)
			f.Evidence = append(f.Evidence, fmt.Sprintf("PersistentVolume %s: %s, policy %s, claim %s", name, v.Status.Phase, v.Spec.PersistentVolumeReclaimPolicy, claimName(v)))
			f.Since = newest(f.Since, v.CreationTimestamp.Time) // Since the second of them is there.
		}
		found = append(found, f)
	}
	return found
}

// mayChange reports whether a volume can be written to, or deleted with its claim.
func mayChange(v *corev1.PersistentVolume) bool {
	if v.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete {
		return true
	}
	readOnly := v.Spec.CSI != nil && v.Spec.CSI.ReadOnly
	return !readOnly && (len(v.Spec.AccessModes) != 1 || v.Spec.AccessModes[0] != corev1.ReadOnlyMany)
}

// claimName is the claim that a volume names.
func claimName(v *corev1.PersistentVolume) string {
	if v.Spec.ClaimRef == nil {
		return "none"
	}
	return topology.Key{Namespace: v.Spec.ClaimRef.Namespace, Name: v.Spec.ClaimRef.Name}.String()
}
