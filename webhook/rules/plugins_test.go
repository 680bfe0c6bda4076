// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

func TestPluginRemoved(t *testing.T) {
	runRule(t, "plugin-removed", []ruleCase{
		{
			name: "gitRepo", reason: "switched off for good", action: Deny, manifest: podWithVolume(`{name: src, gitRepo: {repository: "https://example.com/r.git"}}`),
			want: []string{`spec.volumes[0].gitRepo: volume "src": gitRepo is gone since Kubernetes 1.33`},
		},
		{
			name: "glusterfs in a template", reason: "its pods would never start", action: Deny,
			manifest: `{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{name: c}], volumes: [{name: v, glusterfs: {endpoints: e, path: p}}]}}}}`,
			want:     []string{`spec.template.spec.volumes[0].glusterfs: volume "v": glusterfs is gone since Kubernetes 1.26`},
		},
		{
			name: "a volume of rbd", reason: "the kubelet has no such plugin", action: Deny, manifest: volumeOf("rbd: {monitors: [m], image: i}", "ReadWriteOnce", ""),
			want: []string{`spec.rbd: rbd is gone since Kubernetes 1.31`},
		},
		{
			name: "a class of glusterfs", reason: "nobody provisions for it", action: Deny, manifest: classOf("kubernetes.io/glusterfs"),
			want: []string{`provisioner: provisioner kubernetes.io/glusterfs is gone since Kubernetes 1.26`},
		},
		{
			name: "a CSI volume of ceph", reason: "what took its place",
			manifest: volumeOf("csi: {driver: rbd.csi.ceph.com, volumeHandle: v}", "ReadWriteOnce", ""),
		},
		{name: "a class of an rbd provisioner", reason: "a project of its own", manifest: classOf("ceph.com/rbd")},
		{name: "what is still there", reason: "in-tree", manifest: podWithVolume(`{name: v, nfs: {server: s, path: /x}}`)},
		{name: "what is redirected", reason: "plugin-migrated speaks of it", manifest: podWithVolume(`{name: v, cinder: {volumeID: v}}`)},
		{
			name: "a volume that a provisioner made", reason: "it exists, and to refuse its object would leak it",
			manifest: volumeOf("cephfs: {monitors: [m]}", "ReadWriteMany", ", annotations: {pv.kubernetes.io/provisioned-by: ceph.com/cephfs}"),
		},
	})
}

func TestPluginMigrated(t *testing.T) {
	const inPod, source = `{name: disk, awsElasticBlockStore: {volumeID: vol-1}}`, "awsElasticBlockStore: {volumeID: vol-1}"
	const by = "awsElasticBlockStore is served by the CSI driver ebs.csi.aws.com since Kubernetes 1.27"
	runRuleIn(t, workloads, "plugin-migrated", []ruleCase{
		{
			name: "in a pod", reason: "it works, as long as the driver is there", action: Warn, manifest: podWithVolume(inPod),
			want: []string{`spec.volumes[0].awsElasticBlockStore: volume "disk": ` + by},
		},
		{name: "a volume", reason: "the same", action: Warn, manifest: volumeOf(source, "ReadWriteOnce", ""), want: []string{"spec.awsElasticBlockStore: " + by}},
		{
			name: "a class", reason: "the same", action: Warn, manifest: classOf("kubernetes.io/aws-ebs"),
			want: []string{`provisioner: provisioner kubernetes.io/aws-ebs is served by the CSI driver ebs.csi.aws.com since Kubernetes 1.27`},
		},
		{
			name: "a class whose driver is missing", reason: "nothing fails before there is a claim, and the driver may come", action: Warn, manifest: classOf("kubernetes.io/gce-pd"),
			want: []string{`provisioner: provisioner kubernetes.io/gce-pd is served by the CSI driver pd.csi.storage.gke.io since Kubernetes 1.28, which this cluster does not have`},
		},
		{
			name: "a driver that only nodes know", reason: "the CSIDriver object is optional", action: Warn, manifest: volumeOf("azureFile: {secretName: s, shareName: x}", "ReadWriteMany", ""),
			want: []string{`spec.azureFile: azureFile is served by the CSI driver file.csi.azure.com since Kubernetes 1.30`},
		},
		{
			name: "in a pod, and the driver is missing", reason: "nobody can attach it", action: Deny, manifest: podWithVolume("{name: disk, gcePersistentDisk: {pdName: d}}"),
			want: []string{`spec.volumes[0].gcePersistentDisk: volume "disk": gcePersistentDisk is served by the CSI driver pd.csi.storage.gke.io since Kubernetes 1.28, which this cluster does not have`},
		},
		{
			name: "a volume whose driver is missing", reason: "no pod uses it, and the driver may come", action: Warn, manifest: volumeOf("gcePersistentDisk: {pdName: d}", "ReadWriteOnce", ""),
			want: []string{`spec.gcePersistentDisk: gcePersistentDisk is served by the CSI driver pd.csi.storage.gke.io since Kubernetes 1.28, which this cluster does not have`},
		},
		{name: "the driver itself", reason: "what the remedy says", manifest: volumeOf("csi: {driver: ebs.csi.aws.com, volumeHandle: v}", "ReadWriteOnce", "")},
		{name: "a class of the driver itself", reason: "the same", manifest: classOf("ebs.csi.aws.com")},
		{
			name: "a volume that the driver made", reason: "provisioners of redirected classes write the old form",
			manifest: volumeOf(source, "ReadWriteOnce", ", annotations: {pv.kubernetes.io/provisioned-by: ebs.csi.aws.com}"),
		},
		{name: "what is gone", reason: "plugin-removed speaks of it", manifest: podWithVolume(`{name: v, quobyte: {registry: r, volume: v}}`)},
	})
	runRuleIn(t, workloadFiles, "plugin-migrated", []ruleCase{{
		name: "in files", reason: "the cluster that they are for may well have the driver", action: Warn, manifest: volumeOf("gcePersistentDisk: {pdName: d}", "ReadWriteOnce", ""),
		want: []string{`spec.gcePersistentDisk: gcePersistentDisk is served by the CSI driver pd.csi.storage.gke.io since Kubernetes 1.28`},
	}})
}

func classOf(provisioner string) string {
	return `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, provisioner: ` + provisioner + `}`
}
