// SPDX-License-Identifier: Apache-2.0

package check

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Fingerprint is the same for one mistake in one place of one file, whatever line it has moved to and however it is worded.
func (f *Finding) Fingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.File, f.Object.Kind, f.Object.Namespace, f.Object.Name, f.Path}, "\x00")))
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
