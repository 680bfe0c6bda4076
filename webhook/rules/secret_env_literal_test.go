// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

func TestSecretEnvLiteral(t *testing.T) {
	pod := func(env string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i, env: [` + env + `]}]}}`
	}
	told := func(name string) []string {
		return []string{`spec.containers[0].env[0].value: container "c" has a credential in plain text in its variable ` + name}
	}
	runRule(t, "secret-env-literal", []ruleCase{
		{name: "a password", reason: "by its name", action: Audit, manifest: pod("{name: POSTGRES_PASSWORD, value: hunter2}"), want: told("POSTGRES_PASSWORD")},
		{name: "a token", reason: "by its name and shape", action: Audit, manifest: pod("{name: API_TOKEN, value: Zk3mQ9vL2xW8rT5yB7nC}"), want: told("API_TOKEN")},
		{name: "in a URL", reason: "by its shape", action: Audit, manifest: pod("{name: DATABASE_URL, value: 'postgres://app:hunter2@db/app'}"), want: told("DATABASE_URL")},
		{name: "from a secret", reason: "not written", manifest: pod("{name: POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: s, key: k}}}")},
		{name: "a file", reason: "a path is no password", manifest: pod("{name: POSTGRES_PASSWORD, value: /run/secrets/password}")},
		{name: "another variable", reason: "a reference is no password", manifest: pod("{name: POSTGRES_PASSWORD, value: $(OTHER)}")},
		{name: "a name of a token", reason: "it does not look like one", manifest: pod("{name: API_TOKEN, value: my-token}")},
		{name: "empty", reason: "no password", manifest: pod("{name: POSTGRES_PASSWORD, value: ''}")},
	})
}
