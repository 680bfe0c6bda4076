// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"golang.org/x/mod/semver"
)

func TestSemanticVersion(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, version, want string }{
		{"a release", "v1.2.3", "1.2.3"},
		{"a commit after a release", "v1.2.3-4-g0883f44", "1.2.3-4-g0883f44"},
		{"changes that are not committed", "v1.2.3-dirty", "1.2.3-dirty"},
		{"no release yet", "0883f44-dirty", "0.0.0-g0883f44-dirty"},
		{"a hash that looks like a number with a leading zero", "0123456", "0.0.0-g0123456"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := semanticVersion(tc.version)
			if got != tc.want || !semver.IsValid("v"+got) {
				t.Errorf("%s became %s, want %s", tc.version, got, tc.want)
			}
		})
	}
}
