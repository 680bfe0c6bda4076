// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

func snapshotClassWith(parameters string) string {
	return `{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: c}, driver: d, deletionPolicy: Delete, parameters: {` + parameters + `}}`
}

const (
	stageName      = "csi.storage.k8s.io/node-stage-secret-name"
	stageNamespace = "csi.storage.k8s.io/node-stage-secret-namespace"
)

func TestSecretParameterUnknown(t *testing.T) {
	runRule(t, "secret-parameter-unknown", []ruleCase{
		{
			name: "a misspelt key", reason: "the provisioner refuses every claim", action: Deny,
			manifest: classWith(`csi.storage.k8s.io/node-stage-secretname: s`),
			want: []string{`parameters[csi.storage.k8s.io/node-stage-secretname]: parameter csi.storage.k8s.io/node-stage-secretname is not known; ` +
				`did you mean csi.storage.k8s.io/node-stage-secret-name?`},
		},
		{
			name: "a key that no sidecar has", reason: "the prefix is reserved", action: Deny,
			manifest: classWith(`csi.storage.k8s.io/encryption: "on"`),
			want:     []string{`parameters[csi.storage.k8s.io/encryption]: parameter csi.storage.k8s.io/encryption is not known`},
		},
		{
			name: "a snapshot's key in a StorageClass", reason: "each sidecar knows its own", action: Deny,
			manifest: classWith(`csi.storage.k8s.io/snapshotter-secret-name: s`),
			want: []string{`parameters[csi.storage.k8s.io/snapshotter-secret-name]: parameter csi.storage.k8s.io/snapshotter-secret-name is not known; ` +
				`did you mean csi.storage.k8s.io/secret-name?`},
		},
		{
			name: "the old and the new key", reason: "the provisioner refuses both together", action: Deny,
			manifest: classWith(`csiNodeStageSecretName: a, ` + stageName + `: a, ` + stageNamespace + `: n`),
			want:     []string{`parameters[csiNodeStageSecretName]: parameters csiNodeStageSecretName and ` + stageName + ` say the same thing twice`},
		},
		{
			name: "fsType and fstype", reason: "the provisioner reads either in any case, once", action: Deny,
			manifest: classWith(`fsType: ext4, csi.storage.k8s.io/fstype: xfs`),
			want:     []string{`parameters[fsType]: parameters fsType and csi.storage.k8s.io/fstype say the same thing twice`},
		},
		{
			name: "a token that a namespace does not have", reason: "a user could choose the namespace by the claim's name", action: Deny,
			manifest: classWith(stageName + `: s, ` + stageNamespace + `: "${pvc.name}"`),
			want:     []string{`parameters[` + stageNamespace + `]: parameter ` + stageNamespace + `: ${pvc.name} is not replaced in a secret's namespace`},
		},
		{
			name: "a token that nothing has", reason: "labels are not replaced", action: Deny,
			manifest: classWith(stageName + `: "${pvc.labels['team']}", ` + stageNamespace + `: "${pvc.namespace}"`),
			want:     []string{`parameters[` + stageName + `]: parameter ` + stageName + `: ${pvc.labels['team']} is not replaced in a secret's name`},
		},
		{
			name: "a claim's token in a snapshot class", reason: "the snapshotter sees no claim", action: Deny,
			manifest: snapshotClassWith(`csi.storage.k8s.io/snapshotter-secret-name: "${pvc.name}", csi.storage.k8s.io/snapshotter-secret-namespace: "${volumesnapshot.namespace}"`),
			want: []string{`parameters[csi.storage.k8s.io/snapshotter-secret-name]: parameter csi.storage.k8s.io/snapshotter-secret-name: ` +
				`${pvc.name} is not replaced in a secret's name`},
		},

		{
			name: "ceph-csi", reason: "the example of its documentation",
			manifest: classWith(`clusterID: c, csi.storage.k8s.io/provisioner-secret-name: s, csi.storage.k8s.io/provisioner-secret-namespace: n,
			  csi.storage.k8s.io/controller-expand-secret-name: s, csi.storage.k8s.io/controller-expand-secret-namespace: n, ` + stageName + `: s, ` + stageNamespace + `: n,
			  csi.storage.k8s.io/controller-modify-secret-name: s, csi.storage.k8s.io/controller-modify-secret-namespace: n, csi.storage.k8s.io/fstype: ext4`),
		},
		{name: "an annotation's value as name", reason: "the example of the CSI documentation", manifest: classWith(stageName + `: "${pvc.annotations['team.example.com/key']}", ` + stageNamespace + `: "${pvc.namespace}"`)},
		{name: "per volume", reason: "the provisioner knows the volume's name", manifest: classWith(stageName + `: "${pv.name}", ` + stageNamespace + `: "${pv.name}"`)},
		{name: "the default secret", reason: "stands in for all", manifest: classWith(`csi.storage.k8s.io/secret-name: s, csi.storage.k8s.io/secret-namespace: n`)},
		{name: "old keys alone", reason: "they still work", manifest: classWith(`csiNodeStageSecretName: a, csiNodeStageSecretNamespace: n`)},
		{name: "another prefix", reason: "the driver's own parameters", manifest: classWith(`csi.acme.example/tier: gold`)},
		{
			name: "a provisioner that is not CSI", reason: "no sidecar reads its parameters",
			manifest: strings.Replace(classWith(`csi.storage.k8s.io/pvc-name: x`), "csi.acme.example", "rancher.io/local-path", 1),
		},
		{
			name: "a snapshot class", reason: "names may come from the snapshot",
			manifest: snapshotClassWith(`csi.storage.k8s.io/snapshotter-secret-name: "${volumesnapshotcontent.name}-${volumesnapshot.name}", csi.storage.k8s.io/snapshotter-secret-namespace: "${volumesnapshot.namespace}",
			  csi.storage.k8s.io/snapshotter-list-secret-name: s, csi.storage.k8s.io/snapshotter-list-secret-namespace: n`),
		},
	})
}

func TestSecretCrossTenant(t *testing.T) {
	runRule(t, "secret-cross-tenant", []ruleCase{
		{
			name: "the claim's name", reason: "a claim can have any name", action: Deny,
			manifest: classWith(stageName + `: "luks-${pvc.name}", ` + stageNamespace + `: keys`),
			want:     []string{`parameters[` + stageName + `]: parameter ` + stageName + `: ${pvc.name} lets every tenant choose a secret in namespace "keys", other tenants' included`},
		},
		{
			name: "the claim's annotation, old keys", reason: "a claim can have any annotation", action: Deny,
			manifest: classWith(`csiProvisionerSecretName: "${pvc.annotations['key']}", csiProvisionerSecretNamespace: keys`),
			want:     []string{`parameters[csiProvisionerSecretName]: parameter csiProvisionerSecretName: ${pvc.annotations['key']} lets every tenant choose a secret in namespace "keys", other tenants' included`},
		},
		{
			name: "a snapshot's name", reason: "a snapshot can have any name", action: Deny,
			manifest: snapshotClassWith(`csi.storage.k8s.io/snapshotter-secret-name: "${volumesnapshot.name}", csi.storage.k8s.io/snapshotter-secret-namespace: keys`),
			want: []string{`parameters[csi.storage.k8s.io/snapshotter-secret-name]: parameter csi.storage.k8s.io/snapshotter-secret-name: ` +
				`${volumesnapshot.name} lets every tenant choose a secret in namespace "keys", other tenants' included`},
		},
		{name: "one secret for all", reason: "nobody chooses", manifest: classWith(stageName + `: ceph, ` + stageNamespace + `: rook-ceph`)},
		{name: "the tenant's own namespace", reason: "what Longhorn documents for encryption", manifest: classWith(stageName + `: "${pvc.name}", ` + stageNamespace + `: "${pvc.namespace}"`)},
		{name: "one secret for each namespace", reason: "a tenant cannot choose its namespace's name", manifest: classWith(stageName + `: "${pvc.namespace}", ` + stageNamespace + `: keys`)},
		{name: "the namespace in the name", reason: "ties the name to the tenant", manifest: classWith(stageName + `: "${pvc.namespace}.${pvc.name}", ` + stageNamespace + `: keys`)},
		{name: "the volume's name", reason: "made from a UID", manifest: classWith(stageName + `: "${pv.name}", ` + stageNamespace + `: keys`)},
	})
}
