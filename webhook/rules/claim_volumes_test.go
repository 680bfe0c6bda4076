// SPDX-License-Identifier: Apache-2.0

package rules

import "fmt"

// workloads is a cluster of two nodes whose claims are in the states that the rules about their pods tell apart.
var workloads = clusterOf(commonClasses, workloadManifests()...)

// workloadFiles are the same objects, and the rest of the cluster out of sight.
var workloadFiles = clusterOf(commonClasses, claimedManifests()...)

func workloadManifests() []string {
	out := claimedManifests()
	for i := range 2 {
		out = append(out, fmt.Sprintf(`{apiVersion: v1, kind: Node, metadata: {name: node-%d, labels: {kubernetes.io/hostname: node-%d}}}`, i, i))
	}
	driver := func(name, spec string) string {
		return fmt.Sprintf(`{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: %s}, spec: {%s}}`, name, spec)
	}
	return append(out,
		`{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: node-0}, spec: {drivers: [{name: file.csi.azure.com, nodeID: i}]}}`,
		driver("ebs.csi.aws.com", "attachRequired: true, fsGroupPolicy: ReadWriteOnceWithFSType, volumeLifecycleModes: [Persistent]"),
		driver("efs.csi.aws.com", "attachRequired: false, fsGroupPolicy: None, volumeLifecycleModes: [Persistent]"),
		driver("csi.acme.example", "attachRequired: true, fsGroupPolicy: File, volumeLifecycleModes: [Persistent]"),
		driver("smb.csi.k8s.io", "attachRequired: false, volumeLifecycleModes: [Persistent, Ephemeral]"),
		driver("secrets-store.csi.k8s.io", "attachRequired: false, volumeLifecycleModes: [Ephemeral]"))
}

func claimedManifests() []string {
	claim := func(name, modes, spec, metadata string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: %s, namespace: default%s}, spec: {accessModes: [%s], %s}}`,
			name, metadata, modes, spec)
	}
	// bound is a claim with its volume.
	bound := func(name, modes, csi, spec string) []string {
		return []string{
			claim(name, modes, "volumeName: pv-"+name+spec, ", annotations: {pv.kubernetes.io/bind-completed: 'yes'}"),
			fmt.Sprintf(`{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-%s}, spec: {capacity: {storage: 1Gi}, accessModes: [%s],
			  csi: {volumeHandle: vol, %s}%s}}`, name, modes, csi, spec),
		}
	}
	const pinned = `, nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-0]}]}]}}`
	out := []string{
		`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: topolvm}, provisioner: topolvm.io}`,
		claim("waits", "ReadWriteOnce", "storageClassName: ebs", ""),
		claim("waits-in-tree", "ReadWriteOnce", "storageClassName: gp2", ""),
		claim("waits-rbd", "ReadWriteOnce", "storageClassName: rook-block", ""),
		claim("waits-efs", "ReadWriteOnce", "storageClassName: efs", ""),
		claim("waits-topolvm", "ReadWriteOnce", "storageClassName: topolvm", ""),
		claim("waits-local-path", "ReadWriteOnce", "storageClassName: local-path", ""),
		claim("waits-unknown", "ReadWriteOnce", "storageClassName: portworx", ""),
		claim("either", "ReadWriteOnce, ReadWriteMany", "storageClassName: azure-2", ""),
		claim("exclusive", "ReadWriteOncePod", "storageClassName: ebs", ""),
		claim("raw-going", "ReadWriteOnce", "storageClassName: ebs, volumeMode: Block", ", deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [x]"),
	}
	out = append(out, bound("disk", "ReadWriteOnce", "driver: ebs.csi.aws.com, fsType: ext4", "")...)
	out = append(out, bound("raw", "ReadWriteOnce", "driver: ebs.csi.aws.com", ", volumeMode: Block")...)
	out = append(out, bound("plain", "ReadWriteOnce", "driver: ebs.csi.aws.com", "")...)
	out = append(out, bound("frozen", "ReadWriteOnce", "driver: ebs.csi.aws.com, fsType: ext4, readOnly: true", "")...)
	out = append(out, bound("many", "ReadOnlyMany", "driver: ebs.csi.aws.com, fsType: ext4", "")...)
	out = append(out, bound("files", "ReadWriteMany", "driver: efs.csi.aws.com", "")...)
	out = append(out, bound("share", "ReadWriteMany", "driver: smb.csi.k8s.io", "")...)
	out = append(out, bound("acme", "ReadWriteMany", "driver: csi.acme.example", "")...)
	return append(out,
		claim("here", "ReadWriteOnce", "volumeName: pv-here", ", annotations: {pv.kubernetes.io/bind-completed: 'yes'}"),
		`{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-here}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce],
		  csi: {driver: csi.acme.example, volumeHandle: vol}`+pinned+`}}`)
}
