// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
)

// Upgrade is a change of the cluster's Kubernetes that findings are asked about.
type Upgrade struct {
	// From is the version that the cluster has, nil where that is not known, and To the one that it is to have.
	From, To *version.Version
}

// ParseUpgrade reads an upgrade: the present version may be empty.
func ParseUpgrade(from, to string) (*Upgrade, error) {
	u := &Upgrade{}
	var err error
	if u.To, err = version.ParseGeneric(to); err != nil {
		return nil, fmt.Errorf("upgrade to %q: want a version such as 1.37: %w", to, err)
	}
	u.To = version.MajorMinor(u.To.Major(), u.To.Minor())
	if from == "" {
		return u, nil
	}
	if u.From, err = version.ParseGeneric(from); err != nil {
		return nil, fmt.Errorf("upgrade from %q: %w", from, err)
	}
	u.From = version.MajorMinor(u.From.Major(), u.From.Minor())
	return u, nil
}

// Passes reports whether the upgrade comes to a release from an earlier one. An empty release is every one that is to come.
func (u *Upgrade) Passes(release string) bool {
	if u == nil {
		return false
	}
	if release == "" {
		return true
	}
	at, err := version.ParseGeneric(release)
	return err == nil && u.To.AtLeast(at) && (u.From == nil || u.From.LessThan(at))
}
