// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"context"
	"testing"
)

func claimOf(class, modes, rest string) string {
	return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: ` + class +
		`, accessModes: [` + modes + `], resources: {requests: {storage: 1Gi}}` + rest + `}}`
}

func volumeOf(source, modes, rest string) string {
	return `{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-1` + rest + `}, spec: {capacity: {storage: 1Gi}, accessModes: [` +
		modes + `], ` + source + `}}`
}

func TestAccessModeUnsupported(t *testing.T) {
	runRule(t, "access-mode-unsupported", []ruleCase{
		{
			name: "RWX on a zonal disk", reason: "the mistake people make most", action: Deny,
			manifest: claimOf("ebs", "ReadWriteMany", ""),
			want:     []string{`spec.accessModes[0]: ebs.csi.aws.com (class "ebs") cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "one mode of two", reason: "the provisioner asks the driver for all modes at once", action: Deny,
			manifest: claimOf("efs", "ReadWriteMany, ReadOnlyMany", ""),
			want:     []string{`spec.accessModes[1]: efs.csi.aws.com (class "efs") cannot serve ReadOnlyMany on Filesystem volumes, only ReadWriteOnce, ReadWriteMany`},
		},
		{
			name: "an in-tree provisioner name", reason: "it is redirected to the same driver", action: Deny,
			manifest: claimOf("gp2", "ReadWriteMany", ""),
			want:     []string{`spec.accessModes[0]: kubernetes.io/aws-ebs (class "gp2") cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "a prefixed ceph driver", reason: "rook puts its namespace before the name", action: Deny,
			manifest: claimOf("rook-block", "ReadWriteMany", ""),
			want:     []string{`spec.accessModes[0]: rook-ceph.rbd.csi.ceph.com (class "rook-block") cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "maxShares missing", reason: "the class says that the disk is not shared", action: Deny,
			manifest: claimOf("azure", "ReadWriteMany", ", volumeMode: Block"),
			want:     []string{`spec.accessModes[0]: disk.csi.azure.com (class "azure") serves ReadWriteMany on Block volumes only with class parameter maxShares of 2 or more`},
		},
		{
			name: "local-path", reason: "only an unusual configuration, which cannot be seen, allows it: a warning", action: Warn,
			manifest: claimOf("local-path", "ReadWriteMany", ""),
			want:     []string{`spec.accessModes[0]: rancher.io/local-path (class "local-path") serves ReadWriteMany on Filesystem volumes only where the provisioner is configured with sharedFileSystemPath`},
		},
		{
			name: "the beta annotation names the class", reason: "the volume controllers read it first", action: Deny,
			manifest: `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, annotations: {volume.beta.kubernetes.io/storage-class: ebs}}, spec: {accessModes: [ReadWriteMany]}}`,
			want:     []string{`spec.accessModes[0]: ebs.csi.aws.com (class "ebs") cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "a volumeClaimTemplate", reason: "apply can say so before the first pod", action: Deny,
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: logs}, spec: {storageClassName: efs, accessModes: [ReadWriteMany]}},
			  {metadata: {name: data}, spec: {storageClassName: ebs, accessModes: [ReadWriteOnce, ReadWriteMany]}}]}}`,
			want: []string{`spec.volumeClaimTemplates[1].spec.accessModes[1]: claim template "data": ebs.csi.aws.com (class "ebs") cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "an ephemeral volume of a CronJob", reason: "the deepest template there is", action: Deny,
			manifest: `{apiVersion: batch/v1, kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: {volumes: [{name: tmp, emptyDir: {}},
			  {name: scratch, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: ebs, accessModes: [ReadOnlyMany]}}}}]}}}}}}`,
			want: []string{`spec.jobTemplate.spec.template.spec.volumes[1].ephemeral.volumeClaimTemplate.spec.accessModes[0]: ` +
				`ephemeral volume "scratch": ebs.csi.aws.com (class "ebs") cannot serve ReadOnlyMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "a CSI volume", reason: "the attacher asks the driver for the volume's modes", action: Deny,
			manifest: volumeOf("csi: {driver: ebs.csi.aws.com, volumeHandle: vol-1}", "ReadWriteMany", ""),
			want:     []string{`spec.accessModes[0]: ebs.csi.aws.com cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "a redirected source", reason: "the CSI driver serves it today", action: Deny,
			manifest: volumeOf("awsElasticBlockStore: {volumeID: vol-1}", "ReadWriteMany", ""),
			want:     []string{`spec.accessModes[0]: awsElasticBlockStore (served by ebs.csi.aws.com) cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce`},
		},
		{
			name: "an iscsi file system shared for writing", reason: "ext4 on two nodes is corrupted", action: Deny,
			manifest: volumeOf("iscsi: {targetPortal: 10.0.0.1, iqn: iqn.2026-01.com.example, lun: 0}", "ReadWriteMany", ""),
			want:     []string{`spec.accessModes[0]: iscsi cannot serve ReadWriteMany on Filesystem volumes, only ReadWriteOnce, ReadOnlyMany`},
		},

		{name: "RWO on a zonal disk", reason: "what the driver is for", manifest: claimOf("ebs", "ReadWriteOnce", "")},
		{name: "RWOP on a zonal disk", reason: "it works wherever RWO does", manifest: claimOf("ebs", "ReadWriteOncePod", "")},
		{
			name: "RWX block on EBS", reason: "without a type it is gp3, which no two nodes attach", action: Deny, manifest: claimOf("ebs", "ReadWriteMany", ", volumeMode: Block"),
			want: []string{`spec.accessModes[0]: ebs.csi.aws.com (class "ebs") serves ReadWriteMany on Block volumes only with class parameter type: io2 (multi-attach)`},
		},
		{name: "RWX block on io2", reason: "multi-attach allows it", manifest: claimOf("ebs-io2", "ReadWriteMany", ", volumeMode: Block")},
		{
			name: "RWX block on EBS by an attributes class", reason: "which may set the type", manifest: claimOf("ebs", "ReadWriteMany", ", volumeMode: Block, volumeAttributesClassName: fast"),
		},
		{name: "ROX from a snapshot", reason: "footnote 1", manifest: claimOf("pd", "ReadOnlyMany", ", dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: s}")},
		{name: "ROX without a data source", reason: "access-mode-rox-needs-source speaks of it", manifest: claimOf("pd", "ReadOnlyMany", "")},
		{name: "maxShares 2", reason: "the class allows sharing, in whatever case it is written", manifest: claimOf("azure-2", "ReadWriteMany", ", volumeMode: Block")},
		{name: "maxShares that is not a number", reason: "in doubt no finding", manifest: claimOf("azure-tmpl", "ReadWriteMany", ", volumeMode: Block")},
		{name: "maxShares may come from an attributes class", reason: "in doubt no finding", manifest: claimOf("azure", "ReadWriteMany", ", volumeMode: Block, volumeAttributesClassName: shared")},
		{name: "an unknown driver", reason: "nobody wrote down what it can", manifest: claimOf("acme", "ReadWriteMany", "")},
		{name: "unknown block modes", reason: "portworx has block, which modes is not known", manifest: claimOf("portworx", "ReadWriteMany", ", volumeMode: Block")},
		{name: "block on a file system driver", reason: "volume-mode-mismatch has the better explanation", manifest: claimOf("efs", "ReadWriteOnce", ", volumeMode: Block")},
		{name: "a class that does not exist", reason: "binding-class-missing speaks of it", manifest: claimOf("nope", "ReadWriteMany", "")},
		{name: "static class", reason: "a static volume can be anything", manifest: claimOf("static", "ReadWriteMany", "")},
		{name: "a claim that names its volume", reason: "nothing is provisioned", manifest: claimOf("ebs", "ReadWriteMany", ", volumeName: nfs-1")},
		{name: "a claim that selects its volume", reason: "only a static volume can satisfy a selector", manifest: claimOf("ebs", "ReadWriteMany", ", selector: {matchLabels: {app: a}}")},
		{name: "a claim that wants no class", reason: "static volumes only", manifest: claimOf(`""`, "ReadWriteMany", "")},
		{
			name: "a node's own EBS device", reason: "the driver's example shares one between the pods of each node",
			manifest: volumeOf("csi: {driver: ebs.csi.aws.com, volumeHandle: \"local-ebs://dev/xvdbz\"}", "ReadWriteMany", ""),
		},
		{
			name: "a volume that its driver has just made", reason: "the driver accepted the modes, and refusing the object leaks the volume",
			manifest: volumeOf("csi: {driver: ebs.csi.aws.com, volumeHandle: vol-1}", "ReadWriteMany", ", annotations: {pv.kubernetes.io/provisioned-by: ebs.csi.aws.com}"),
		},
		{name: "a static ROX ceph volume", reason: "the data is there already", manifest: volumeOf("csi: {driver: rook-ceph.cephfs.csi.ceph.com, volumeHandle: v}", "ReadOnlyMany", "")},
		{name: "an RWX hostPath", reason: "access-mode-single-node-shared speaks of it", manifest: volumeOf("hostPath: {path: /data}", "ReadWriteMany", "")},
		{name: "an RWX local volume", reason: "access-mode-single-node-shared speaks of it", manifest: volumeOf("local: {path: /data}", "ReadWriteMany", "")},
		{name: "an RWX NFS volume", reason: "what NFS is for", manifest: volumeOf("nfs: {server: nfs, path: /x}", "ReadWriteMany", "")},
		{name: "RWX fc block", reason: "virtual machines migrate on it", manifest: volumeOf("volumeMode: Block, fc: {wwids: [x]}", "ReadWriteMany", "")},
		{name: "glusterfs", reason: "plugin-removed speaks of it", manifest: volumeOf("glusterfs: {endpoints: e, path: p}", "ReadWriteMany", "")},
	})
}

func TestAccessModeRWOPNonCSI(t *testing.T) {
	runRule(t, "access-mode-rwop-non-csi", []ruleCase{
		{
			name: "an NFS volume", reason: "nothing below the scheduler enforces it", action: Warn,
			manifest: volumeOf("nfs: {server: nfs, path: /x}", "ReadWriteOncePod", ""),
			want:     []string{`spec.accessModes[0]: ReadWriteOncePod is enforced only by CSI drivers, and nfs is not one`},
		},
		{
			name: "a claim on the NFS subdir provisioner", reason: "its volumes are NFS volumes", action: Warn,
			manifest: claimOf("nfs-client", "ReadWriteOncePod", ""),
			want:     []string{`spec.accessModes[0]: ReadWriteOncePod is enforced only by CSI drivers, and k8s-sigs.io/nfs-subdir-external-provisioner (class "nfs-client") is not one`},
		},
		{name: "RWO on NFS", reason: "nothing is promised that is not kept", manifest: volumeOf("nfs: {server: nfs, path: /x}", "ReadWriteOnce", "")},
		{name: "RWOP on CSI", reason: "what it is for", manifest: claimOf("ebs", "ReadWriteOncePod", "")},
		{name: "RWOP on a redirected source", reason: "the CSI driver enforces it", manifest: volumeOf("gcePersistentDisk: {pdName: d}", "ReadWriteOncePod", "")},
		{name: "RWOP on local-path", reason: "that provisioner accepts it on purpose", manifest: claimOf("local-path", "ReadWriteOncePod", "")},
		{
			name: "a volume that local-path made", reason: "the claim was accepted, so is its volume",
			manifest: volumeOf("hostPath: {path: /opt/x}", "ReadWriteOncePod", ", annotations: {pv.kubernetes.io/provisioned-by: rancher.io/local-path}"),
		},
		{name: "an unknown provisioner", reason: "in doubt no finding", manifest: claimOf("acme", "ReadWriteOncePod", "")},
	})
}

func TestLookupRulesAreSilentWithoutLookup(t *testing.T) {
	e, err := NewEvaluator(EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kind, obj := decode(t, claimOf("ebs", "ReadWriteMany", ""))
	if got := e.Evaluate(context.Background(), Question{Kind: kind, Object: obj}); len(got.Findings) != 0 || len(got.Panics) != 0 {
		t.Errorf("without a lookup the class is not known, yet: %+v", got)
	}
}
