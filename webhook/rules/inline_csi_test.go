// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

func TestEphemeralCSIUnsupported(t *testing.T) {
	pod := func(driver string) string { return podWithVolume(`{name: v, csi: {driver: ` + driver + `}}`) }
	runRuleIn(t, workloads, "ephemeral-csi-unsupported", []ruleCase{
		{
			name: "a driver of claims only", reason: "its CSIDriver object says so, and the kubelet asks that", action: Deny, manifest: pod("ebs.csi.aws.com"),
			want: []string{`spec.volumes[0].csi: volume "v": driver ebs.csi.aws.com does not support inline volumes`},
		},
		{
			name: "in a template", reason: "its pods would never start", action: Deny,
			manifest: `{apiVersion: batch/v1, kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c}], volumes: [{name: v, csi: {driver: csi.acme.example}}]}}}}}}`,
			want:     []string{`spec.jobTemplate.spec.template.spec.volumes[0].csi: volume "v": driver csi.acme.example does not support inline volumes`},
		},
		{
			name: "a known driver that is not there", reason: "it will say no when it is", action: Deny, manifest: pod("pd.csi.storage.gke.io"),
			want: []string{`spec.volumes[0].csi: volume "v": driver pd.csi.storage.gke.io does not support inline volumes`},
		},
		{
			name: "a known driver under a prefix", reason: "Rook's is the same driver", action: Deny, manifest: pod("rook-ceph.cephfs.csi.ceph.com"),
			want: []string{`spec.volumes[0].csi: volume "v": driver rook-ceph.cephfs.csi.ceph.com does not support inline volumes`},
		},
		{name: "a known driver of which this is not known", reason: "an installation may have them", manifest: pod("nfs.csi.k8s.io")},
		{name: "a driver of inline volumes", reason: "what it is for", manifest: pod("secrets-store.csi.k8s.io")},
		{name: "a driver of both", reason: "its object lists both", manifest: pod("smb.csi.k8s.io")},
		{name: "a driver that is not there", reason: "it may be installed later", manifest: pod("csi.cert-manager.io")},
		{
			name: "a claim of a driver of claims", reason: "as it should be",
			manifest: podWithVolume(`{name: v, persistentVolumeClaim: {claimName: disk}}`),
		},
		{
			name: "an ephemeral volume of such a driver", reason: "there is a claim behind it",
			manifest: podWithVolume(`{name: v, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: ebs, accessModes: [ReadWriteOnce]}}}}`),
		},
	})
}

// What a live CSIDriver object says comes before the catalog.
func TestInlineVolumesOfALiveDriver(t *testing.T) {
	live := clusterOf(nil, `{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: rbd.csi.ceph.com}, spec: {volumeLifecycleModes: [Persistent, Ephemeral]}}`)
	runRuleIn(t, live, "ephemeral-csi-unsupported", []ruleCase{{
		name: "a driver that has learned it", reason: "its object says so", manifest: podWithVolume(`{name: v, csi: {driver: rbd.csi.ceph.com}}`),
	}})
}
