// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

func TestSecretModeUnreadable(t *testing.T) {
	pod := func(podContext, container, volume string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {securityContext: {` + podContext + `}, containers: [{name: c, image: i, securityContext: {` + container +
			`}, volumeMounts: [{name: key, mountPath: /key}]}], volumes: [{name: key, ` + volume + `}]}}`
	}
	secret := func(rest string) string { return "secret: {secretName: s" + rest + "}" }
	told := func(path, rest string) []string {
		return []string{"spec.volumes[0]." + path + `: volume "key": mode ` + rest}
	}
	runRule(t, "secret-mode-unreadable", []ruleCase{
		{
			name: "0400 and a user", reason: "the file is root's", action: Warn, manifest: pod("runAsUser: 1000", "", secret(", defaultMode: 0o400")),
			want: told("secret.defaultMode", `0400 lets only root read its files, and container "c" runs as user 1000`),
		},
		{
			name: "0400 and runAsNonRoot", reason: "it is not root, whatever its number", action: Warn, manifest: pod("", "runAsNonRoot: true", secret(", defaultMode: 256")),
			want: told("secret.defaultMode", `0400 lets only root read its files, and container "c" runs as non-root`),
		},
		{
			name: "0440, a user and a group", reason: "the file's group is root's", action: Warn, manifest: pod("runAsUser: 1000, runAsGroup: 1000", "", secret(", defaultMode: 0o440")),
			want: told("secret.defaultMode", `0440 lets only root read its files, and container "c" runs as user 1000`),
		},
		{
			name: "an item", reason: "its own mode counts", action: Warn, manifest: pod("runAsUser: 1000", "", secret(", items: [{key: a, path: a, mode: 0o400}]")),
			want: told("secret.items[0].mode", `0400 lets only root read its files, and container "c" runs as user 1000`),
		},
		{
			name: "an item without a mode", reason: "the default is its mode", action: Warn, manifest: pod("runAsUser: 1000", "", secret(", defaultMode: 0o400, items: [{key: a, path: a}]")),
			want: told("secret.defaultMode", `0400 lets only root read its files, and container "c" runs as user 1000`),
		},
		{
			name: "projected", reason: "its secrets are written alike", action: Warn,
			manifest: pod("runAsUser: 1000", "", "projected: {defaultMode: 0o400, sources: [{secret: {name: s}}]}"),
			want:     told("projected.defaultMode", `0400 lets only root read its files, and container "c" runs as user 1000`),
		},
		{
			name: "the container's user wins", reason: "the pod's is replaced", action: Warn, manifest: pod("runAsUser: 0", "runAsUser: 7", secret(", defaultMode: 0o400")),
			want: told("secret.defaultMode", `0400 lets only root read its files, and container "c" runs as user 7`),
		},
		{name: "with fsGroup", reason: "the kubelet adds reading for the group", manifest: pod("runAsUser: 1000, fsGroup: 2000", "", secret(", defaultMode: 0o400"))},
		{name: "root", reason: "root reads its files", manifest: pod("runAsUser: 0", "", secret(", defaultMode: 0o400"))},
		{name: "the container is root", reason: "the pod's user is replaced", manifest: pod("runAsUser: 1000", "runAsUser: 0", secret(", defaultMode: 0o400"))},
		{name: "the image's user", reason: "it may be root", manifest: pod("", "", secret(", defaultMode: 0o400"))},
		{name: "runAsNonRoot taken back", reason: "it may be root", manifest: pod("runAsNonRoot: true", "runAsNonRoot: false", secret(", defaultMode: 0o400"))},
		{name: "0444", reason: "everybody may read", manifest: pod("runAsUser: 1000", "", secret(", defaultMode: 0o444"))},
		{name: "0644", reason: "the default", manifest: pod("runAsUser: 1000", "", secret(", defaultMode: 420"))},
		{name: "no mode", reason: "the default is 0644", manifest: pod("runAsUser: 1000", "", secret(""))},
		{name: "0440 and a user alone", reason: "one without a group in the image is in root's", manifest: pod("runAsUser: 1000", "", secret(", defaultMode: 0o440"))},
		{name: "0440 and root's group", reason: "the group is root's", manifest: pod("runAsUser: 1000, runAsGroup: 0", "", secret(", defaultMode: 0o440"))},
		{
			name: "0440 and root's group besides", reason: "the group is root's",
			manifest: pod("runAsUser: 1000, runAsGroup: 5, supplementalGroups: [0]", "", secret(", defaultMode: 0o440")),
		},
		{name: "items of their own modes", reason: "no file has the default", manifest: pod("runAsUser: 1000", "", secret(", defaultMode: 0o400, items: [{key: a, path: a, mode: 0o444}]"))},
		{name: "400", reason: "secret-mode-decimal says what is wrong", manifest: pod("runAsUser: 1000", "", secret(", defaultMode: 400"))},
		{name: "a token", reason: "it belongs to the pod's user", manifest: pod("runAsUser: 1000", "", "projected: {defaultMode: 0o400, sources: [{serviceAccountToken: {path: t}}]}")},
		{name: "a config map", reason: "not a secret", manifest: pod("runAsUser: 1000", "", "configMap: {name: m, defaultMode: 0o400}")},
		{name: "Windows", reason: "has no modes", manifest: strings.Replace(pod("runAsUser: 1000", "", secret(", defaultMode: 0o400")), "containers:", "os: {name: windows}, containers:", 1)},
		{
			name: "nobody mounts it", reason: "nobody reads it",
			manifest: strings.Replace(pod("runAsUser: 1000", "", secret(", defaultMode: 0o400")), "volumeMounts: [{name: key", "volumeMounts: [{name: other", 1),
		},
	})
}
