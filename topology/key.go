// SPDX-License-Identifier: Apache-2.0

package topology

import "github.com/cespare/xxhash/v2"

// Key names an object of a known kind. Namespace is empty for kinds without namespaces.
type Key struct {
	Namespace, Name string
}

// String is the usual namespace/name.
func (k Key) String() string {
	if k.Namespace == "" {
		return k.Name
	}
	return k.Namespace + "/" + k.Name
}

// Hash is the same in every process, so that the order in which a Snapshot is walked is too.
func (k Key) Hash() uint64 {
	h := xxhash.Sum64String(k.Name)
	if k.Namespace != "" {
		h ^= xxhash.Sum64String(k.Namespace) * 0x9E3779B97F4A7C15
	}
	return h
}
