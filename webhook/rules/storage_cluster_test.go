// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"strings"
)

// storage is a cluster of two zones with claims, volumes and snapshots in all the states that the binding and snapshot rules
// tell apart. The class ebs-wait delays binding, static has volumes made by hand, and nothing is the default class.
var storage = clusterOf(commonClasses, storageManifests()...)

func storageManifests() []string {
	var out []string
	for i, zone := range []string{"a", "a", "b"} {
		out = append(out,
			fmt.Sprintf(`{apiVersion: v1, kind: Node, metadata: {name: node-%d, labels: {kubernetes.io/hostname: node-%d,
			  topology.kubernetes.io/zone: %s, topology.ebs.csi.aws.com/zone: %s}}}`, i, i, zone, zone),
			fmt.Sprintf(`{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: node-%d}, spec: {drivers: [
			  {name: ebs.csi.aws.com, nodeID: i, topologyKeys: [topology.ebs.csi.aws.com/zone, topology.example.com/rack]},
			  {name: rook-ceph.rbd.csi.ceph.com, nodeID: i, topologyKeys: [topology.rook.example/rack]},
			  {name: old.csi.example.com, nodeID: i, topologyKeys: [failure-domain.beta.kubernetes.io/zone]},
			  {name: csi.hetzner.cloud, nodeID: i}]}}`, i))
	}
	claim := func(name, spec, annotations string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: %s, namespace: default, annotations: {%s}}, spec: {%s}}`,
			name, annotations, spec)
	}
	zonal := func(name, zone, spec string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: PersistentVolume, metadata: {name: %s}, spec: {capacity: {storage: 10Gi}, accessModes: [ReadWriteOnce], %s,
		  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: topology.ebs.csi.aws.com/zone, operator: In, values: [%s]}]}]}}}}`, name, spec, zone)
	}
	const bound = `pv.kubernetes.io/bind-completed: "yes"`
	const ebs = `csi: {driver: ebs.csi.aws.com, volumeHandle: vol}`
	return append(out,
		`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: ebs-wait}, provisioner: ebs.csi.aws.com, volumeBindingMode: WaitForFirstConsumer}`,
		`{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: ebs-b}, provisioner: ebs.csi.aws.com, volumeBindingMode: WaitForFirstConsumer,
		  allowedTopologies: [{matchLabelExpressions: [{key: topology.ebs.csi.aws.com/zone, values: [b]}]}]}`,
		claim("waits", "storageClassName: ebs-wait", ""),
		claim("waits-b", "storageClassName: ebs-b", ""),
		claim("selected", "storageClassName: ebs-wait", "volume.kubernetes.io/selected-node: node-1"),
		claim("shared", "storageClassName: ebs-wait", ""),
		claim("kept", "storageClassName: ebs-wait", ""),
		claim("immediate", "storageClassName: ebs", ""),
		claim("in-a", "storageClassName: ebs-wait, volumeName: pv-a", bound),
		claim("in-a2", "storageClassName: ebs-wait, volumeName: pv-a2", bound),
		claim("in-b", "storageClassName: ebs-wait, volumeName: pv-b", bound),
		claim("nowhere", "storageClassName: ebs-wait, volumeName: pv-c", bound),
		claim("clone-of-a", "storageClassName: ebs-wait, dataSource: {kind: PersistentVolumeClaim, name: in-a}", ""),
		claim("on-pd", "storageClassName: pd", ""),
		zonal("pv-a", "a", ebs), zonal("pv-a2", "a", ebs), zonal("pv-b", "b", ebs), zonal("pv-c", "c", ebs),
		zonal("pv-kept", "a", ebs+", storageClassName: ebs-wait, claimRef: {namespace: default, name: kept}"),
		`{apiVersion: v1, kind: Pod, metadata: {name: other, namespace: default}, spec: {containers: [], volumes: [{name: v, persistentVolumeClaim: {claimName: shared}}]}}`,
		`{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-free, labels: {tier: gold}}, spec: {capacity: {storage: 10Gi}, accessModes: [ReadWriteOnce, ReadOnlyMany],
		  nfs: {server: nfs, path: /}}, status: {phase: Available}}`,
		`{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-manual, labels: {tier: gold}}, spec: {capacity: {storage: 10Gi}, storageClassName: manual,
		  accessModes: [ReadWriteOnce], nfs: {server: nfs, path: /}}, status: {phase: Available}}`,
		`{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv-efs, labels: {tier: gold}}, spec: {capacity: {storage: 10Gi}, storageClassName: efs,
		  accessModes: [ReadWriteOnce], nfs: {server: nfs, path: /}}, status: {phase: Available}}`,
		`{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: ebs-snap, annotations: {snapshot.storage.kubernetes.io/is-default-class: "true"}},
		  driver: ebs.csi.aws.com, deletionPolicy: Delete}`,
		`{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: pd-snap}, driver: pd.csi.storage.gke.io, deletionPolicy: Delete}`,
		snapshot("ready", "persistentVolumeClaimName: in-a", "ready"), content("ready", "Filesystem", ""),
		snapshot("allowed", "persistentVolumeClaimName: in-a", "allowed"),
		content("allowed", "Filesystem", `snapshot.storage.kubernetes.io/allow-volume-mode-change: "true"`),
		snapshot("pending", "persistentVolumeClaimName: in-a", ""),
		`{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: fast-ebs}, driverName: ebs.csi.aws.com}`,
		`{apiVersion: storage.k8s.io/v1, kind: VolumeAttributesClass, metadata: {name: fast-pd}, driverName: pd.csi.storage.gke.io}`)
}

func snapshot(name, source, content string) string {
	status := ""
	if content != "" {
		status = `, status: {restoreSize: 10Gi, boundVolumeSnapshotContentName: ` + content + `}`
	}
	return fmt.Sprintf(`{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshot, metadata: {name: %s, namespace: default}, spec: {source: {%s}}%s}`, name, source, status)
}

func content(name, mode, annotations string) string {
	return fmt.Sprintf(`{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotContent, metadata: {name: %s, annotations: {%s}},
	  spec: {driver: ebs.csi.aws.com, sourceVolumeMode: %s, deletionPolicy: Delete, source: {snapshotHandle: s}, volumeSnapshotRef: {namespace: default, name: %s}}}`,
		name, annotations, mode, name)
}

// podUsing is a pod whose spec has the given fields and one volume for each claim.
func podUsing(fields string, claims ...string) string {
	volumes := make([]string, len(claims))
	for i, c := range claims {
		volumes[i] = fmt.Sprintf("{name: v%d, persistentVolumeClaim: {claimName: %s}}", i, c)
	}
	return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {` + fields + `containers: [{name: c, image: i}], volumes: [` + strings.Join(volumes, ", ") + `]}}`
}

func deploymentUsing(fields, claim string) string {
	return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {` + fields +
		`containers: [{name: c, image: i}], volumes: [{name: v, persistentVolumeClaim: {claimName: ` + claim + `}}]}}}}`
}

func storageClassOf(provisioner, rest string) string {
	return `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: new}, provisioner: ` + provisioner + rest + `}`
}
