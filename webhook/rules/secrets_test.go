// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

func classWith(parameters string) string {
	return `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, provisioner: csi.acme.example, parameters: {` + parameters + `}}`
}

func podWithVolume(volume string) string {
	return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i}], volumes: [` + volume + `]}}`
}

func TestSecretRefIncomplete(t *testing.T) {
	csi := func(refs string) string {
		return volumeOf("csi: {driver: csi.acme.example, volumeHandle: v, "+refs+"}", "ReadWriteOnce", "")
	}
	runRule(t, "secret-ref-incomplete", []ruleCase{
		{
			name: "an empty nodeStageSecretRef", reason: "the one reference that the API server does not check", action: Deny,
			manifest: csi("nodeStageSecretRef: {}"),
			want:     []string{`spec.csi.nodeStageSecretRef: nodeStageSecretRef is set but has neither a name nor a namespace`},
		},
		{
			name: "nodeStageSecretRef without a namespace", reason: "copied from a pod, where a name is enough", action: Deny,
			manifest: csi("nodeStageSecretRef: {name: ceph}"),
			want:     []string{`spec.csi.nodeStageSecretRef.namespace: nodeStageSecretRef has a name but no namespace`},
		},
		{
			name: "nodePublishSecretRef without a name", reason: "the API server refuses it, so it is explained early", action: Deny, api: true,
			manifest: csi("nodePublishSecretRef: {namespace: storage}"),
			want:     []string{`spec.csi.nodePublishSecretRef.name: nodePublishSecretRef has a namespace but no name`},
		},
		{
			name: "a class with half a pair", reason: "the provisioner refuses every claim", action: Deny,
			manifest: classWith(`csi.storage.k8s.io/node-stage-secret-name: ceph`),
			want: []string{`parameters[csi.storage.k8s.io/node-stage-secret-name]: parameter csi.storage.k8s.io/node-stage-secret-name ` +
				`has no csi.storage.k8s.io/node-stage-secret-namespace beside it`},
		},
		{
			name: "the other half, with the old key", reason: "old keys come in pairs too", action: Deny,
			manifest: classWith(`csiProvisionerSecretNamespace: storage`),
			want: []string{`parameters[csiProvisionerSecretNamespace]: parameter csiProvisionerSecretNamespace ` +
				`has no csi.storage.k8s.io/provisioner-secret-name beside it`},
		},
		{
			name: "an empty value", reason: "a template that rendered to nothing", action: Deny,
			manifest: classWith(`csi.storage.k8s.io/provisioner-secret-name: s, csi.storage.k8s.io/provisioner-secret-namespace: ""`),
			want:     []string{`parameters[csi.storage.k8s.io/provisioner-secret-namespace]: parameter csi.storage.k8s.io/provisioner-secret-namespace is empty`},
		},
		{
			name: "a snapshot class", reason: "the snapshotter has the same check", action: Deny,
			manifest: `{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshotClass, metadata: {name: c}, driver: d, deletionPolicy: Delete,
			  parameters: {csi.storage.k8s.io/snapshotter-secret-namespace: ns}}`,
			want: []string{`parameters[csi.storage.k8s.io/snapshotter-secret-namespace]: parameter csi.storage.k8s.io/snapshotter-secret-namespace ` +
				`has no csi.storage.k8s.io/snapshotter-secret-name beside it`},
		},

		{name: "both halves", reason: "complete", manifest: csi("nodeStageSecretRef: {name: ceph, namespace: rook}")},
		{name: "no reference", reason: "most drivers need none", manifest: csi("readOnly: false")},
		{name: "a complete class", reason: "tokens count as values", manifest: classWith(`csi.storage.k8s.io/provisioner-secret-name: "${pvc.name}", csi.storage.k8s.io/provisioner-secret-namespace: "${pvc.namespace}"`)},
		{name: "the default pair", reason: "csi.storage.k8s.io/secret-name stands in for all", manifest: classWith(`csi.storage.k8s.io/secret-name: s, csi.storage.k8s.io/secret-namespace: n`)},
		{name: "old name with new namespace", reason: "the provisioner counts one of each", manifest: classWith(`csiNodeStageSecretName: s, csi.storage.k8s.io/node-stage-secret-namespace: n`)},
		{name: "a class without secrets", reason: "other csi.storage.k8s.io keys are not secrets", manifest: classWith(`csi.storage.k8s.io/fstype: ext4`)},
		{name: "an in-tree class's own secret keys", reason: "their namespace has a default", manifest: classWith(`adminSecretName: s`)},
		{
			name: "iscsi without a namespace", reason: "the in-tree plugin looks in the pod's namespace then",
			manifest: volumeOf("iscsi: {targetPortal: p, iqn: i, lun: 0, secretRef: {name: chap}}", "ReadWriteOnce", ""),
		},
	})
}

func TestSecretModeDecimal(t *testing.T) {
	runRule(t, "secret-mode-decimal", []ruleCase{
		{
			name: "400", reason: "is 0620", action: Warn, manifest: podWithVolume(`{name: tls, secret: {secretName: s, defaultMode: 400}}`),
			want: []string{`spec.volumes[0].secret.defaultMode: secret volume "tls": mode 400 is decimal, which is 0620; 0400 was probably meant`},
		},
		{
			name: "an item at 440", reason: "items have modes of their own", action: Warn,
			manifest: podWithVolume(`{name: tls, secret: {secretName: s, items: [{key: ca, path: ca}, {key: key, path: key, mode: 440}]}}`),
			want:     []string{`spec.volumes[0].secret.items[1].mode: secret volume "tls", item "key": mode 440 is decimal, which is 0670; 0440 was probably meant`},
		},
		{
			name: "644", reason: "over 0777: the API server refuses it, and api-refused says what was meant",
			manifest: podWithVolume(`{name: tls, secret: {secretName: s, defaultMode: 644}}`),
		},
		{
			name: "a projected secret in a Deployment", reason: "the path has the template's prefix", action: Warn,
			manifest: `{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {volumes: [{name: all, projected: {defaultMode: 444,
			  sources: [{configMap: {name: c}}, {secret: {name: s, items: [{key: k, path: k, mode: 400}]}}]}}]}}}}`,
			want: []string{
				`spec.template.spec.volumes[0].projected.sources[1].secret.items[0].mode: projected volume "all", item "k": mode 400 is decimal, which is 0620; 0400 was probably meant`,
				`spec.template.spec.volumes[0].projected.defaultMode: projected volume "all": mode 444 is decimal, which is 0674; 0444 was probably meant`,
			},
		},

		{name: "0400 in YAML", reason: "256 is what arrives", manifest: podWithVolume(`{name: tls, secret: {secretName: s, defaultMode: 0400}}`)},
		{name: "256 in JSON", reason: "256 has octal digits, but nobody means 0256", manifest: podWithVolume(`{name: tls, secret: {secretName: s, defaultMode: 256}}`)},
		{name: "the default", reason: "420 is 0644", manifest: podWithVolume(`{name: tls, secret: {secretName: s, defaultMode: 420}}`)},
		{name: "288", reason: "is 0440", manifest: podWithVolume(`{name: tls, secret: {secretName: s, defaultMode: 288}}`)},
		{name: "511", reason: "is 0777, and 0511 is no mode that people give", manifest: podWithVolume(`{name: tls, secret: {secretName: s, defaultMode: 511}}`)},
		{name: "a ConfigMap at 400", reason: "not a secret", manifest: podWithVolume(`{name: c, configMap: {name: c, defaultMode: 400}}`)},
		{name: "the token that every pod carries", reason: "kube-api-access is at 0644", manifest: podWithVolume(`{name: kube-api-access-x, projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: token}}]}}`)},
	})
}

func TestOctalModesDoNotCollide(t *testing.T) {
	for _, mode := range octalModes {
		for _, other := range octalModes {
			if digits := asOctalDigits(mode); digits == other {
				t.Errorf("mode %#o written in decimal has the digits of mode %#o: a right mode would be called wrong", mode, other)
			}
		}
	}
}

// asOctalDigits reads the decimal digits of n as an octal number; -1 if they are not octal digits.
func asOctalDigits(n int64) int64 {
	var value, place int64 = 0, 1
	for ; n > 0; n /= 10 {
		if n%10 > 7 {
			return -1
		}
		value += n % 10 * place
		place *= 8
	}
	return value
}
