// SPDX-License-Identifier: Apache-2.0

package check

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Fingerprint is the same for one mistake in one place of one file, or of one object of a cluster, whatever line it has moved to and however it is worded.
func (f *Finding) Fingerprint() string {
	parts := []string{f.Rule, f.File, f.Object.Kind, f.Object.Namespace, f.Object.Name, f.Path}
	if f.Within != (Object{}) {
		// What a controller makes is called otherwise the next time.
		parts = append(parts, f.Within.Kind)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// LeaveKnown takes the findings of an earlier check out of the result, each as often as it was there, and counts them in Known. What is
// left is new.
func (r *Result) LeaveKnown(earlier []Finding) {
	known := map[string]int{}
	for i := range earlier {
		known[earlier[i].Fingerprint()]++
	}
	left := r.Findings[:0]
	for i := range r.Findings {
		if mark := r.Findings[i].Fingerprint(); known[mark] > 0 {
			known[mark]--
			r.Known++
			continue
		}
		left = append(left, r.Findings[i])
	}
	r.Findings = left
}
