// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

func TestAccessModeSingleNodeShared(t *testing.T) {
	const directory, disk = "hostPath: {path: /mnt/data}", "local: {path: /mnt/disk}"
	runRule(t, "access-mode-single-node-shared", []ruleCase{
		{
			name: "a shared hostPath", reason: "each node has a directory of that name", action: Warn, manifest: volumeOf(directory, "ReadWriteMany", ""),
			want: []string{"spec.accessModes[0]: ReadWriteMany for a hostPath volume, which is a directory of one node"},
		},
		{
			name: "a local disk for many readers", reason: "the others have no such disk", action: Warn, manifest: volumeOf(disk, "ReadWriteOnce, ReadOnlyMany", ""),
			want: []string{"spec.accessModes[1]: ReadOnlyMany for a local volume, which is a directory of one node"},
		},
		{name: "a hostPath of one node", reason: "as every tutorial has it", manifest: volumeOf(directory, "ReadWriteOnce", "")},
		{name: "a local disk of one node", reason: "as it should be", manifest: volumeOf(disk, "ReadWriteOnce", "")},
		{name: "NFS", reason: "is shared", manifest: volumeOf("nfs: {server: s, path: /x}", "ReadWriteMany", "")},
		{
			name: "a directory that a provisioner made", reason: "it may be one that the nodes share",
			manifest: volumeOf(directory, "ReadWriteMany", ", annotations: {pv.kubernetes.io/provisioned-by: rancher.io/local-path}"),
		},
	})
}

func TestAccessModeCSIMixed(t *testing.T) {
	const csi = "csi: {driver: csi.acme.example, volumeHandle: v}"
	runRule(t, "access-mode-csi-mixed", []ruleCase{
		{
			name: "one writer and many readers", reason: "the attacher refuses it", action: Warn, manifest: volumeOf(csi, "ReadWriteOnce, ReadOnlyMany", ""),
			want: []string{"spec.accessModes: ReadWriteOnce and ReadOnlyMany together: no CSI volume can be both"},
		},
		{
			name: "all there are", reason: "the kubelet takes the first of the list", action: Warn, manifest: volumeOf(csi, "ReadWriteOnce, ReadOnlyMany, ReadWriteMany", ""),
			want: []string{"spec.accessModes: several access modes (ReadWriteOnce, ReadOnlyMany, ReadWriteMany): the kubelet asks the driver for the first, ReadWriteOnce"},
		},
		{name: "one mode", reason: "as it should be", manifest: volumeOf(csi, "ReadWriteMany", "")},
		{name: "the same mode twice", reason: "is one", manifest: volumeOf(csi, "ReadWriteOnce, ReadWriteOnce", "")},
		{name: "exclusive and not", reason: "the API server says so itself", manifest: volumeOf(csi, "ReadWriteOncePod, ReadWriteOnce", "")},
		{name: "NFS with several", reason: "only CSI has to choose", manifest: volumeOf("nfs: {server: s, path: /x}", "ReadWriteOnce, ReadOnlyMany", "")},
	})
}

func TestAccessModeROXNeedsSource(t *testing.T) {
	const source = ", dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: s}"
	runRule(t, "access-mode-rox-needs-source", []ruleCase{
		{
			name: "a disk for many readers", reason: "there is nothing on it to read", action: Warn, manifest: claimOf("pd", "ReadOnlyMany", ""),
			want: []string{`spec.accessModes[0]: pd.csi.storage.gke.io (class "pd") serves ReadOnlyMany only when the claim has a data source`},
		},
		{
			name: "an ephemeral volume", reason: "the same, in every pod", action: Warn,
			manifest: podWithVolume(`{name: v, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: rook-block, accessModes: [ReadWriteOnce, ReadOnlyMany]}}}}`),
			want: []string{`spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes[1]: ephemeral volume "v": rook-ceph.rbd.csi.ceph.com (class "rook-block") ` +
				"serves ReadOnlyMany only when the claim has a data source"},
		},
		{name: "from a snapshot", reason: "as the driver's documentation has it", manifest: claimOf("pd", "ReadOnlyMany", source)},
		{name: "from another source", reason: "a populator may fill it", manifest: claimOf("pd", "ReadOnlyMany", ", dataSourceRef: {apiGroup: example.com, kind: Dump, name: d}")},
		{name: "a volume that exists", reason: "it has its data", manifest: claimOf("pd", "ReadOnlyMany", ", volumeName: pv-1")},
		{name: "a writer", reason: "starts empty", manifest: claimOf("pd", "ReadWriteOnce", "")},
		{name: "a driver with other conditions", reason: "they are not about data", manifest: claimOf("azure", "ReadOnlyMany", ", volumeMode: Block")},
		{name: "an unknown driver", reason: "in doubt no finding", manifest: claimOf("acme", "ReadOnlyMany", "")},
	})
}
