// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

func TestUsernsNotIDMapped(t *testing.T) {
	pod := func(volume string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostUsers: false, containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, ` +
			volume + `}]}}`
	}
	told := func(path, what string) []string {
		return []string{"spec.volumes[0]." + path + `: volume "v" is ` + what + ", which cannot be mounted with the ID mapping that hostUsers: false needs"}
	}
	lookup := clusterOf(commonClasses,
		`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: shared, namespace: default}, spec: {storageClassName: efs, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}`,
		`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: disk, namespace: default}, spec: {storageClassName: ebs, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`,
		`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: static, namespace: default}, spec: {storageClassName: "", volumeName: share, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}`,
		`{apiVersion: v1, kind: PersistentVolume, metadata: {name: share}, spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany], nfs: {server: s, path: /x}}}`,
	)
	runRuleIn(t, lookup, "userns-not-idmapped", []ruleCase{
		{name: "NFS", reason: "the kernel cannot map IDs there", action: Warn, manifest: pod("nfs: {server: s, path: /x}"), want: told("nfs", "an NFS share")},
		{
			name: "an inline volume", reason: "it is CIFS", action: Warn, manifest: pod("csi: {driver: smb.csi.k8s.io}"),
			want: told("csi.driver", "a network file system of smb.csi.k8s.io"),
		},
		{
			name: "a claim that is not bound", reason: "its class's driver makes NFS", action: Warn, manifest: pod("persistentVolumeClaim: {claimName: shared}"),
			want: told("persistentVolumeClaim.claimName", "a network file system of efs.csi.aws.com"),
		},
		{
			name: "a claim for an NFS volume", reason: "the volume is NFS", action: Warn, manifest: pod("persistentVolumeClaim: {claimName: static}"),
			want: told("persistentVolumeClaim.claimName", "an NFS share"),
		},
		{
			name: "an ephemeral volume", reason: "its class's driver makes NFS", action: Warn,
			manifest: pod("ephemeral: {volumeClaimTemplate: {spec: {storageClassName: efs, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}}}"),
			want:     told("ephemeral.volumeClaimTemplate.spec", "a network file system of efs.csi.aws.com"),
		},
		{name: "a disk", reason: "ext4 can be mapped", manifest: pod("persistentVolumeClaim: {claimName: disk}")},
		{name: "a claim that is not known", reason: "nor is its driver", manifest: pod("persistentVolumeClaim: {claimName: elsewhere}")},
		{name: "a driver that is not known", reason: "nor are its file systems", manifest: pod("csi: {driver: csi.acme.example}")},
		{name: "the host's users", reason: "nothing is mapped", manifest: strings.Replace(pod("nfs: {server: s, path: /x}"), "hostUsers: false", "hostUsers: true", 1)},
		{name: "no word of users", reason: "the host's are the default", manifest: strings.Replace(pod("nfs: {server: s, path: /x}"), "hostUsers: false, ", "", 1)},
		{name: "nobody mounts it", reason: "the kubelet mounts it on the host alone", manifest: strings.Replace(pod("nfs: {server: s, path: /x}"), "[{name: v, mountPath: /v}]", "[]", 1)},
	})
}
