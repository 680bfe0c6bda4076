// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/catalog"
	"github.com/moorage-k8s/moorage/topology"
)

var claimSharedWritersKind = Kind{
	ID: "claim-shared-writers", Section: DataAtRisk,
	Means: "Pods on several nodes write to a volume with a file system that only one node may write to, such as ext4 or XFS: each node caches what it knows, and the file " +
		"system is damaged.",
	Known: "Running pods on different nodes that mount the claim and not readOnly; volumeMode Filesystem; spec.csi.fsType, or what the driver catalog says of the driver; " +
		"the VolumeAttachments to these nodes.",
	Not: "For raw block volumes, for file systems that are made to be shared, for drivers that serve ReadWriteMany over NFS or the like, and for pods that are being deleted.",
	Remedy: "stop all pods but those on one node at once, then check the file system; share data by a claim of a shared file system (NFS, CephFS), " +
		"or keep the pods on one node with podAffinity",
	LosesData: "Stopping pods loses nothing that is on disk; what two nodes wrote may be damaged already.",
	Needs:     []topology.Kind{topology.KindVolume, topology.KindClaim, topology.KindPod},
	Find:      claimSharedWriters,
}

// singleWriter are the file systems that one machine alone may write to.
var singleWriter = []string{"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "ntfs"}

func claimSharedWriters(c *Cluster) []Finding {
	var found []Finding
	for _, key := range slices.SortedFunc(maps.Keys(c.users), topology.Key.Compare) {
		if len(c.users[key]) < 2 {
			continue
		}
		claim := c.Claims[key]
		if claim == nil {
			continue
		}
		v := c.Volumes[claim.Spec.VolumeName]
		if v == nil || c.ClaimOf(v) != claim {
			continue
		}
		writers := map[string][]*corev1.Pod{}
		for _, pod := range c.users[key] {
			if pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil && pod.Spec.NodeName != "" && writes(pod, key.Name) {
				writers[pod.Spec.NodeName] = append(writers[pod.Spec.NodeName], pod)
			}
		}
		if len(writers) < 2 {
			continue
		}
		nodes := slices.Sorted(maps.Keys(writers))
		fs, alone := c.singleWriterFS(v, nodes)
		if !alone {
			continue
		}
		f := Finding{Objects: []Object{claimObject(key)}, LosesData: true, Command: typed("kubectl", "get", "pods", "-n", key.Namespace, "-o", "wide")}
		for _, node := range nodes {
			for _, pod := range writers[node] {
				f.Hurts = append(f.Hurts, podObject(keyOf(pod)))
				f.Since = newest(f.Since, pod.CreationTimestamp.Time)
				f.Evidence = append(f.Evidence, fmt.Sprintf("Pod %s runs on %s and mounts the claim to write", keyOf(pod), node))
			}
		}
		f.Cause = fmt.Sprintf("pods on %s write to claim %s, whose volume %s has a file system for one node alone (%s)", strings.Join(nodes, ", "), key, v.Name, fs)
		found = append(found, f)
	}
	return found
}

// writes reports whether a pod may write to a claim: it does not mount it read only, and neither do all of its containers.
func writes(pod *corev1.Pod, claim string) bool {
	for i := range pod.Spec.Volumes {
		v := &pod.Spec.Volumes[i]
		if claimOf(pod, v) != claim || v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ReadOnly {
			continue
		}
		if len(pod.Spec.Containers) == 0 {
			return true // A capture does not say how it is mounted.
		}
		told := false
		for _, containers := range [][]corev1.Container{pod.Spec.Containers, pod.Spec.InitContainers} {
			for j := range containers {
				told = told || len(containers[j].VolumeMounts)+len(containers[j].VolumeDevices) > 0
				if slices.ContainsFunc(containers[j].VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name && !m.ReadOnly }) {
					return true
				}
			}
		}
		if !told {
			return true
		}
	}
	return false
}

// singleWriterFS reports whether a volume has a file system that one node alone may write to, and that each of the nodes mounts by itself, and by what that
// is known. It is not where the driver may serve it over a network.
func (c *Cluster) singleWriterFS(v *corev1.PersistentVolume, nodes []string) (fs string, alone bool) {
	if v.Spec.VolumeMode != nil && *v.Spec.VolumeMode == corev1.PersistentVolumeBlock {
		return "", false
	}
	driver, handle, fs := deviceOf(c.Snapshot.Volume(v.Name), v)
	if driver == "" || fs != "" && !slices.Contains(singleWriter, strings.ToLower(fs)) || !c.Snapshot.Attaches(driver) {
		return fs, false
	}
	row, known := catalog.Default().Volume(driver, handle)
	if known && (row.Filesystem == nil || row.Block == nil || row.Block.Support != catalog.Supported) {
		return fs, false // It is not a driver of disks.
	}
	modes := topology.AccessModesOf(v.Spec.AccessModes)
	if modes.Has(topology.ReadWriteMany) {
		// It may share a volume with a file system of its own over NFS, as Longhorn does.
		shares := known && (slices.Contains(row.Filesystem.Modes, corev1.ReadWriteMany) || len(row.Filesystem.Conditional) > 0 && fs == "")
		if shares || !known && fs == "" {
			return fs, false
		}
	}
	if !known && fs == "" {
		return fs, false
	}
	// Where attachments are known, each of the nodes has to have one.
	if len(c.AttachmentsOf(v.Name)) > 0 {
		for _, node := range nodes {
			if !slices.ContainsFunc(c.AttachmentsOf(v.Name), attachedTo(node)) {
				return fs, false
			}
		}
	} else if !known {
		return fs, false
	}
	if fs == "" {
		fs = "driver " + driver + " makes disks"
	}
	return fs, true
}
