// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

// podOf is a pod with one container that has the given fields, and one volume.
func podOf(container, volume string) string {
	return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app, image: i, ` + container + `}], volumes: [{name: data, ` + volume + `}]}}`
}

func TestVolumeModeMismatch(t *testing.T) {
	const mounted, device = "volumeMounts: [{name: data, mountPath: /data}]", "volumeDevices: [{name: data, devicePath: /dev/data}]"
	const blockUnderMounts = `container "app" has volume "data", whose volumeMode is Block, under volumeMounts`
	named := func(name string) string { return "persistentVolumeClaim: {claimName: " + name + "}" }
	const raw = ", volumeMode: Block"
	runRuleIn(t, workloads, "volume-mode-mismatch", []ruleCase{
		{
			name: "a device that is mounted", reason: "the kubelet refuses it", action: Deny, manifest: podOf(mounted, named("raw")),
			want: []string{"spec.containers[0].volumeMounts[0].name: " + blockUnderMounts},
		},
		{
			name: "a file system as a device", reason: "the kubelet refuses it", action: Deny, manifest: podOf(device, named("waits")),
			want: []string{`spec.containers[0].volumeDevices[0].name: container "app" has volume "data", whose volumeMode is Filesystem, under volumeDevices`},
		},
		{
			name: "an ephemeral volume", reason: "its own template says what it is", action: Deny,
			manifest: podOf(mounted, "ephemeral: {volumeClaimTemplate: {spec: {storageClassName: ebs, volumeMode: Block}}}"),
			want:     []string{"spec.containers[0].volumeMounts[0].name: " + blockUnderMounts},
		},
		{
			name: "a claim template", reason: "the volume is not listed among the pod's", action: Deny,
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {template: {spec: {initContainers: [{name: app, image: i, ` + mounted + `}], containers: []}},
			  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: ebs, volumeMode: Block}}]}}`,
			want: []string{"spec.template.spec.initContainers[0].volumeMounts[0].name: " + blockUnderMounts},
		},
		{
			name: "a class without devices", reason: "its driver has file systems only", action: Deny, manifest: claimOf("efs", "ReadWriteOnce", raw),
			want: []string{`spec.volumeMode: efs.csi.aws.com (class "efs") does not support Block volumes`},
		},
		{
			name: "an NFS volume", reason: "the plugin cannot map it", action: Deny, manifest: volumeOf("volumeMode: Block, nfs: {server: s, path: /x}", "ReadWriteOnce", ""),
			want: []string{`spec.volumeMode: nfs does not support Block volumes`},
		},
		{
			name: "a hostPath volume", reason: "only local volumes can be a node's device", action: Deny,
			manifest: volumeOf("volumeMode: Block, hostPath: {path: /dev/sdb}", "ReadWriteOnce", ""), want: []string{`spec.volumeMode: hostPath does not support Block volumes`},
		},
		{
			name: "a CSI file system", reason: "the catalog knows", action: Deny,
			manifest: volumeOf("volumeMode: Block, csi: {driver: nfs.csi.k8s.io, volumeHandle: v}", "ReadWriteMany", ""),
			want:     []string{`spec.volumeMode: nfs.csi.k8s.io does not support Block volumes`},
		},
		{
			name: "a redirected source", reason: "its CSI driver has file systems only", action: Deny,
			manifest: volumeOf("volumeMode: Block, azureFile: {secretName: s, shareName: x}", "ReadWriteMany", ""), want: []string{`spec.volumeMode: azureFile does not support Block volumes`},
		},
		{name: "a device as a device", reason: "as it should be", manifest: podOf(device, named("raw"))},
		{name: "a file system that is mounted", reason: "as it should be", manifest: podOf(mounted, named("disk"))},
		{name: "a claim that is going", reason: "one of the same name may come with the other mode", manifest: podOf(mounted, named("raw-going"))},
		{name: "a claim that does not exist", reason: "nothing is known of it", manifest: podOf(device, named("absent"))},
		{name: "a directory of the node", reason: "has no mode", manifest: podOf(mounted, "emptyDir: {}")},
		{name: "a disk as a device", reason: "EBS has them", manifest: claimOf("ebs", "ReadWriteOnce", raw)},
		{name: "a driver that may have devices", reason: "nobody wrote it down", manifest: claimOf("portworx", "ReadWriteOnce", raw)},
		{name: "an unknown driver", reason: "in doubt no finding", manifest: claimOf("acme", "ReadWriteOnce", raw)},
		{name: "a claim on a volume that exists", reason: "the class's driver does not make it", manifest: claimOf("efs", "ReadWriteOnce", raw+", volumeName: pv-raw")},
		{name: "a local device", reason: "what local volumes are for", manifest: volumeOf("volumeMode: Block, local: {path: /dev/sdb}", "ReadWriteOnce", "")},
		{name: "an iSCSI device", reason: "the plugin maps it", manifest: volumeOf("volumeMode: Block, iscsi: {targetPortal: t, iqn: q, lun: 0}", "ReadWriteOnce", "")},
		{
			name: "a volume that its driver has just made", reason: "the driver knows better",
			manifest: volumeOf("volumeMode: Block, csi: {driver: nfs.csi.k8s.io, volumeHandle: v}", "ReadWriteMany", ", annotations: {pv.kubernetes.io/provisioned-by: nfs.csi.k8s.io}"),
		},
	})
}
