// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"strings"
	"testing"
)

func TestSecretModeTooOpen(t *testing.T) {
	secret := func(rest string) string { return podWithVolume(`{name: tls, secret: {secretName: s` + rest + `}}`) }
	written := func(rest string) ruleCase {
		return ruleCase{reason: "as somebody wrote it", action: Warn, manifest: secret(rest), asWritten: true}
	}
	explicit := written(", defaultMode: 0644")
	explicit.name = "0644 in a file"
	unset := written("")
	unset.name = "unset in a file"
	runRule(t, "secret-mode-too-open", []ruleCase{
		explicit,
		unset,
		{
			name: "0755", reason: "somebody asked for it", action: Warn, manifest: secret(", defaultMode: 0755"),
			want: []string{`spec.volumes[0].secret.defaultMode: secret volume "tls": mode 0755 lets everybody in the container read the secret`},
		},
		{
			name: "0666", reason: "writing is worse than reading", action: Warn, manifest: secret(", defaultMode: 0666"),
			want: []string{`spec.volumes[0].secret.defaultMode: secret volume "tls": mode 0666 lets everybody in the container write the secret`},
		},
		{
			name: "0660", reason: "no program that reads a secret writes it", action: Warn, manifest: secret(", defaultMode: 0660"),
			want: []string{`spec.volumes[0].secret.defaultMode: secret volume "tls": mode 0660 lets the group write the secret`},
		},
		{
			name: "an item at 0644", reason: "the mode that it has without one", manifest: secret(", items: [{key: k, path: k, mode: 0644}]"),
		},
		{
			name: "an item at 0666", reason: "nothing fills that in", action: Warn, manifest: secret(", items: [{key: k, path: k, mode: 0666}]"),
			want: []string{`spec.volumes[0].secret.items[0].mode: secret volume "tls", item "k": mode 0666 lets everybody in the container write the secret`},
		},
		{
			name: "a projected secret", reason: "the same files", action: Warn, manifest: podWithVolume(`{name: all, projected: {defaultMode: 0444, sources: [{secret: {name: s}}]}}`),
			want: []string{`spec.volumes[0].projected.defaultMode: projected volume "all": mode 0444 lets everybody in the container read the secret`},
		},
		{name: "0644 in the cluster", reason: "written or filled in: nobody knows", manifest: secret(", defaultMode: 0644")},
		{name: "0400", reason: "the owner alone", manifest: secret(", defaultMode: 0400")},
		{name: "0440", reason: "the owner and fsGroup", manifest: secret(", defaultMode: 0440")},
		{name: "0550", reason: "the owner and fsGroup run it", manifest: secret(", defaultMode: 0550")},
		{name: "decimal 400", reason: "secret-mode-decimal speaks of it", manifest: secret(", defaultMode: 400")},
		{name: "a ConfigMap", reason: "not a secret", manifest: podWithVolume(`{name: c, configMap: {name: c, defaultMode: 0755}}`)},
		{name: "a token", reason: "the kubelet decides on its mode", manifest: podWithVolume(`{name: t, projected: {defaultMode: 0444, sources: [{serviceAccountToken: {path: t}}]}}`)},
	})
}

func TestSecretSubPathStale(t *testing.T) {
	pod := func(list, rest, volume string) string {
		return `{apiVersion: v1, kind: Pod, spec: {` + list + `: [{name: web, image: i, volumeMounts: [{name: conf, mountPath: /etc/web/web.conf` + rest + `}]}], volumes: [{name: conf, ` + volume + `}]}}`
	}
	runRule(t, "secret-subpath-stale", []ruleCase{
		{
			name: "one file of a ConfigMap", reason: "the file never changes, and few programs would read it again", action: Audit, manifest: pod("containers", ", subPath: web.conf", "configMap: {name: c}"),
			want: []string{`spec.containers[0].volumeMounts[0].subPath: container "web" mounts a subPath of configMap volume "conf": it never sees an update`},
		},
		{
			name: "a secret by expression", reason: "the same bind", action: Warn, manifest: pod("containers", `, subPathExpr: "$(HOST).crt"`, "secret: {secretName: c}"),
			want: []string{`spec.containers[0].volumeMounts[0].subPathExpr: container "web" mounts a subPath of secret volume "conf": it never sees an update`},
		},
		{
			name: "a sidecar", reason: "an init container that keeps running", action: Warn,
			manifest: strings.Replace(pod("initContainers", `, subPath: a`, "projected: {sources: [{secret: {name: s}}]}"), "image: i", "image: i, restartPolicy: Always", 1),
			want:     []string{`spec.initContainers[0].volumeMounts[0].subPath: container "web" mounts a subPath of projected volume "conf": it never sees an update`},
		},
		{name: "the whole directory", reason: "the kubelet refreshes it", manifest: pod("containers", "", "configMap: {name: c}")},
		{name: "an init container", reason: "it has ended before any update", manifest: pod("initContainers", ", subPath: a", "configMap: {name: c}")},
		{name: "a subPath of a claim", reason: "an ordinary directory", manifest: pod("containers", ", subPath: a", "persistentVolumeClaim: {claimName: c}")},
		{
			name: "a Job", reason: "it ends, and the next one sees the update",
			manifest: `{apiVersion: batch/v1, kind: Job, spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, volumeMounts: [{name: conf, mountPath: /c, subPath: c}]}], volumes: [{name: conf, configMap: {name: c}}]}}}}`,
		},
	})
}

func TestSecretEnv(t *testing.T) {
	runRule(t, "secret-env", []ruleCase{
		{
			name: "variables of a secret", reason: "one finding for each container", action: Audit,
			manifest: `{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{name: app, env: [{name: HOST, value: h}, {name: PW, valueFrom: {secretKeyRef: {name: s, key: pw}}}], envFrom: [{secretRef: {name: all}}]}]}}}}`,
			want:     []string{`spec.template.spec.containers[0].env[1]: container "app" has secrets in its environment`},
		},
		{
			name: "a whole secret", reason: "every key becomes a variable", action: Audit,
			manifest: `{apiVersion: v1, kind: Pod, spec: {containers: [{name: app, envFrom: [{configMapRef: {name: c}}, {secretRef: {name: all}}]}]}}`,
			want:     []string{`spec.containers[0].envFrom[1]: container "app" has secrets in its environment`},
		},
		{name: "other sources", reason: "no secrets", manifest: `{apiVersion: v1, kind: Pod, spec: {containers: [{name: app, env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: k}}}, {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}], envFrom: [{configMapRef: {name: c}}]}]}}`},
		{name: "the name of a file with a secret", reason: "what the rule recommends", manifest: `{apiVersion: v1, kind: Pod, spec: {containers: [{name: app, env: [{name: PASSWORD_FILE, value: /run/secrets/pw}]}]}}`},
	})
}

func TestSecretTokenLong(t *testing.T) {
	const access = `{name: kube-api-access-x, projected: {defaultMode: 420, sources: [{serviceAccountToken: {path: token, expirationSeconds: 3607}}]}}`
	token := func(rest string) string {
		return `{name: vault, projected: {sources: [{configMap: {name: c}}, {serviceAccountToken: {path: t` + rest + `}}]}}`
	}
	runRule(t, "secret-token-long", []ruleCase{
		{
			name: "a year", reason: "the API server allows it", action: Audit, manifest: podWithVolume(token(", audience: vault, expirationSeconds: 31536000")),
			want: []string{`spec.volumes[0].projected.sources[1].serviceAccountToken.expirationSeconds: volume "vault": a service account token lasts 8760 hours`},
		},
		{
			name: "a second token for the API server", reason: "meant for vault, and good for the API server", action: Audit, manifest: podWithVolume(access + ", " + token("")),
			want: []string{`spec.volumes[1].projected.sources[1].serviceAccountToken.audience: volume "vault": a service account token for the API server, which the pod already has`},
		},
		{name: "what every pod carries", reason: "the API server puts it there", manifest: podWithVolume(access)},
		{name: "an audience of its own", reason: "how it should be", manifest: podWithVolume(access + ", " + token(", audience: vault"))},
		{name: "a day", reason: "not over", manifest: podWithVolume(token(", audience: vault, expirationSeconds: 86400"))},
		{name: "the only token", reason: "instead of the one that is mounted automatically", manifest: strings.Replace(podWithVolume(token("")), "spec: {", "spec: {automountServiceAccountToken: false, ", 1)},
		{name: "a template", reason: "whether its pods get one is the service account's affair", manifest: podWithVolume(token(""))},
	})
}
