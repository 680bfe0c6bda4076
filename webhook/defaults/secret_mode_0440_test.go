// SPDX-License-Identifier: Apache-2.0

package defaults

import "testing"

func TestSecretMode0440(t *testing.T) {
	const (
		secret  = "{name: s, secret: {secretName: s, defaultMode: 420}}"
		mounts  = "volumeMounts: [{name: s, mountPath: /s}]"
		grouped = "securityContext: {fsGroup: 2000, runAsUser: 1000}"
		changes = `[{"op":"replace","path":"/spec/volumes/0/secret/defaultMode","value":288}]`
	)
	pod := func(security, volumes, containers string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {` + security + `, volumes: [` + volumes + `], containers: [` + containers + `]}}`
	}
	const one = "{name: c, image: i, " + mounts + "}"
	runPatches(t, secretMode0440Default.Name, Settings{}, nil, []patchCase{
		{name: "a user with a group", reason: "the kubelet gives the file to the group", object: pod(grouped, secret, one), want: changes},
		{
			name: "the container's own user", reason: "it beats the pod's", object: pod("securityContext: {fsGroup: 2000, runAsUser: 0}", secret,
				"{name: c, image: i, securityContext: {runAsUser: 1000}, "+mounts+"}"), want: changes,
		},
		{
			name: "root elsewhere", reason: "it does not mount the secret",
			object: pod(grouped, secret, one+", {name: d, image: i, securityContext: {runAsUser: 0}}"), want: changes,
		},
		{
			name: "for Linux", reason: "the node selector says so", object: pod(grouped+", nodeSelector: {kubernetes.io/os: linux}", secret, one), want: changes,
		},
		{
			name: "two secrets and the service account's token", reason: "each secret by itself, projected volumes not at all",
			object: pod(grouped, "{name: kube-api-access-x, projected: {defaultMode: 420, sources: [{secret: {name: s}}]}}, "+
				"{name: items, secret: {secretName: s, defaultMode: 420, items: [{key: k, path: k, mode: 420}]}}, {name: t, secret: {secretName: t, defaultMode: 256}}",
				"{name: c, image: i, volumeMounts: [{name: kube-api-access-x, mountPath: /a}, {name: items, mountPath: /b}, {name: t, mountPath: /c}]}"),
			want: `[{"op":"replace","path":"/spec/volumes/1/secret/defaultMode","value":288}]`,
		},
		{name: "no fsGroup", reason: "the user could not read it any more", object: pod("securityContext: {runAsUser: 1000}", secret, one)},
		{name: "no user", reason: "the image's may be any", object: pod("securityContext: {fsGroup: 2000}", secret, one)},
		{name: "runAsNonRoot alone", reason: "it names no user", object: pod("securityContext: {fsGroup: 2000, runAsNonRoot: true}", secret, one)},
		{
			name: "root in an init container", reason: "it may drop to another user", object: `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {` + grouped +
				`, volumes: [` + secret + `], containers: [` + one + `], initContainers: [{name: i, image: i, securityContext: {runAsUser: 0}, ` + mounts + `}]}}`,
		},
		{name: "Windows", reason: "modes mean something else there", object: pod(grouped+", os: {name: windows}", secret, one)},
		{name: "a Windows node", reason: "the same", object: pod(grouped+", nodeSelector: {kubernetes.io/os: windows}", secret, one)},
		{name: "another mode", reason: "somebody wrote it", object: pod(grouped, "{name: s, secret: {secretName: s, defaultMode: 416}}", one)},
		{name: "not mounted", reason: "nothing to protect", object: pod(grouped, secret, "{name: c, image: i}")},
		{name: "an update", reason: "volumes are immutable", object: pod(grouped, secret, one), old: pod(grouped, secret, one)},
	})
}
