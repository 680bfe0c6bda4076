// SPDX-License-Identifier: Apache-2.0

package topology

import "strings"

// unknownClass is the label of all classes that do not exist.
const unknownClass = "unknown"

// classLabel is a class as the label of a metric. Tenants name classes in their claims, as many and as long as they like, and in bytes that
// are no text, which would fail every scrape; only the classes that exist, which administrators make, are labels.
func (s *Snapshot) classLabel(name string) string {
	if s.Class(name) == nil {
		return unknownClass
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}
