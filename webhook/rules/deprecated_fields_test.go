// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

func TestPluginDeprecatedField(t *testing.T) {
	const nfs = "nfs: {server: s, path: /x}"
	const classKey, optionsKey = "volume.beta.kubernetes.io/storage-class", "volume.beta.kubernetes.io/mount-options"
	const classAt, optionsAt = "metadata.annotations[" + classKey + "]: ", "metadata.annotations[" + optionsKey + "]: "
	claim := func(annotations, spec string) string {
		return `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, annotations: {` + annotations + `}}, spec: {accessModes: [ReadWriteOnce], ` + spec + `}}`
	}
	annotated := func(annotations string) string { return ", annotations: {" + annotations + "}" }
	runRule(t, "plugin-deprecated-field", []ruleCase{
		{
			name: "a class in an annotation", reason: "in a file nobody else says so", action: Warn, asWritten: true, manifest: claim(classKey+": gp2", ""),
			want: []string{classAt + "the class is named by an annotation, " + classKey},
		},
		{
			name: "a class in an annotation, at the API server", reason: "which warns of it itself", action: Audit, manifest: claim(classKey+": gp2", ""),
			want: []string{classAt + "the class is named by an annotation, " + classKey},
		},
		{
			name: "two classes", reason: "one was meant, and the other is used", action: Deny, manifest: claim(classKey+": gp2", "storageClassName: ebs"),
			want: []string{classAt + "annotation " + classKey + ` says class "gp2", storageClassName "ebs"`},
		},
		{
			name: "a class in a claim template's annotation", reason: "of which the API server says nothing", action: Warn,
			manifest: `{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{metadata: {name: data, annotations: {` + classKey + `: gp2}}, spec: {}}]}}`,
			want:     []string{"spec.volumeClaimTemplates[0]." + classAt + `claim template "data": the class is named by an annotation, ` + classKey},
		},
		{
			name: "a volume's class in an annotation", reason: "in a file nobody else says so", action: Warn, asWritten: true, manifest: volumeOf(nfs, "ReadWriteMany", annotated(classKey+": slow")),
			want: []string{classAt + "the class is named by an annotation, " + classKey},
		},
		{
			name: "a volume of two classes", reason: "no claim of the one in the field finds it", action: Deny,
			manifest: volumeOf("storageClassName: fast, "+nfs, "ReadWriteMany", annotated(classKey+": slow")),
			want:     []string{classAt + "annotation " + classKey + ` says class "slow", storageClassName "fast"`},
		},
		{
			name: "mount options in an annotation", reason: "in a file nobody else says so", action: Warn, asWritten: true, manifest: volumeOf(nfs, "ReadWriteMany", annotated(optionsKey+": hard")),
			want: []string{optionsAt + "mount options are in an annotation, " + optionsKey},
		},
		{
			name: "mount options in two places", reason: "the plugin reads the annotation only; what is in it may be secret", action: Deny,
			manifest: volumeOf("mountOptions: [soft], "+nfs, "ReadWriteMany", annotated(optionsKey+": 'hard,password=hunter2'")),
			want:     []string{optionsAt + "annotation " + optionsKey + " and spec.mountOptions say different things"},
		},
		{
			name: "mount options of a CSI volume in an annotation", reason: "CSI reads the field only", action: Warn,
			manifest: volumeOf("csi: {driver: nfs.csi.k8s.io, volumeHandle: v}", "ReadWriteMany", annotated(optionsKey+": hard")),
			want:     []string{optionsAt + "CSI volumes do not read annotation " + optionsKey},
		},
		{
			name: "a beta zone label", reason: "kube-scheduler reads both, people one", action: Warn,
			manifest: volumeOf(nfs, "ReadWriteMany", ", labels: {failure-domain.beta.kubernetes.io/zone: a}"),
			want:     []string{"metadata.labels[failure-domain.beta.kubernetes.io/zone]: label failure-domain.beta.kubernetes.io/zone is deprecated"},
		},
		{
			name: "Recycle", reason: "in a file nobody else says so", action: Warn, asWritten: true, manifest: volumeOf("persistentVolumeReclaimPolicy: Recycle, "+nfs, "ReadWriteMany", ""),
			want: []string{"spec.persistentVolumeReclaimPolicy: reclaim policy Recycle is deprecated"},
		},
		{name: "a class in the field", reason: "as it should be", manifest: claim("", "storageClassName: gp2")},
		{
			name: "other annotations", reason: "of the controllers", manifest: claim("volume.kubernetes.io/storage-provisioner: ebs.csi.aws.com, pv.kubernetes.io/bind-completed: 'yes'", "storageClassName: ebs"),
		},
		{
			name: "a volume as it should be", reason: "fields and today's labels",
			manifest: volumeOf("mountOptions: [hard], storageClassName: slow, persistentVolumeReclaimPolicy: Retain, "+nfs, "ReadWriteMany", ", labels: {topology.kubernetes.io/zone: a}"),
		},
	})
	runRule(t, "plugin-deprecated-field", []ruleCase{{
		name: "annotation and field agree", reason: "as moorage's own default leaves a claim", action: Audit, manifest: claim(classKey+": gp2", "storageClassName: gp2"),
		want: []string{classAt + "the class is named by an annotation, " + classKey},
	}, {
		name: "the same mount options in both places", reason: "in another order", action: Audit,
		manifest: volumeOf("mountOptions: [nolock, hard], "+nfs, "ReadWriteMany", annotated(optionsKey+": 'hard,nolock'")),
		want:     []string{optionsAt + "mount options are in an annotation, " + optionsKey},
	}})
}
