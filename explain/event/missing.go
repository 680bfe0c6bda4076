// SPDX-License-Identifier: Apache-2.0

package event

import "regexp"

// MissingObject is a Secret or ConfigMap that a text says is not there.
type MissingObject struct {
	Kind Missing
	Name string
}

var missing = regexp.MustCompile(`\b(secret|configmap)s? "([^"]{1,253})" not found`)

// AllMissing are all that a text says are not there: what the kubelet says of a projected volume is a list.
func AllMissing(message string) []MissingObject {
	var out []MissingObject
	for _, m := range missing.FindAllStringSubmatch(message, -1) {
		kind := Secret
		if m[1] == "configmap" {
			kind = ConfigMap
		}
		out = append(out, MissingObject{kind, m[2]})
	}
	return out
}
