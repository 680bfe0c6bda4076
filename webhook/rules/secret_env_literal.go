// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
)

var secretEnvLiteralRule = Rule{
	ID:          "secret-env-literal",
	Summary:     "The value of an environment variable is a credential, written into the pod itself.",
	Kinds:       podKinds,
	Action:      Audit,
	Symptom:     "no error at all: users with read access to the pod or its workload can read the credential, which is also in backups and in Git",
	Remediation: "put it into a Secret, and mount that or use valueFrom.secretKeyRef",
	See:         []string{"https://kubernetes.io/docs/concepts/security/secrets-good-practices/"},
	Check:       secretEnvLiteral,
}

// secretEnvLiteral fires on variables that are credentials by their name and by their value, which no message has.
func secretEnvLiteral(in *Input) []Finding {
	var found []Finding
	eachContainer(in.Object, func(_ *corev1.PodSpec, c container) {
		for i := range c.Env {
			if e := &c.Env[i]; e.Value != "" && isCredential(e.Name, e.Value) {
				found = append(found, Finding{
					Path:    c.path().Child("env").Index(i).Child("value"),
					Message: fmt.Sprintf("container %q has a credential in plain text in its variable %s", c.Name, e.Name),
				})
			}
		}
	})
	return found
}
