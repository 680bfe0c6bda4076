// SPDX-License-Identifier: Apache-2.0

package suggest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSentence(t *testing.T) {
	known := []string{"secret-mode-decimal", "secret-ref-incomplete", "propagation-host-root", "access-mode-unsupported"}
	for _, tc := range []struct{ name, in, want string }{
		{"one letter wrong", "secret-mode-decimals", "did you mean secret-mode-decimal?"},
		{"case does not count", "Propagation-Host-Root", "did you mean propagation-host-root?"},
		{"a shared prefix names both", "secret-", "did you mean secret-mode-decimal or secret-ref-incomplete?"},
		{"a whole word is nearest", "mode", "did you mean access-mode-unsupported or secret-mode-decimal?"},
		{"nothing near lists all", "xyz", "known are: access-mode-unsupported, propagation-host-root, secret-mode-decimal, secret-ref-incomplete"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Sentence(tc.in, known)); diff != "" {
				t.Errorf("Sentence(%q) (-want +got):\n%s", tc.in, diff)
			}
		})
	}
}
