// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"golang.org/x/mod/semver"
)

// semanticVersion is the version as Helm and krew want it, without a leading v. A build of a commit before the first release, which
// git describe gives no more than a hash for, becomes a pre-release of 0.0.0. The g keeps a hash of digits from being read as a number.
func semanticVersion(version string) string {
	if semver.IsValid(version) {
		return strings.TrimPrefix(version, "v")
	}
	return "0.0.0-g" + version
}
