// SPDX-License-Identifier: Apache-2.0

package output_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyTheGuiltyAreBlamed: who or what a predicate did not look at, or found in order, is not named as the cause, and nobody is asked to
// delete it.
func TestOnlyTheGuiltyAreBlamed(t *testing.T) {
	for _, test := range []struct {
		name string
		// blamed and innocent are what the answer names, and does not.
		blamed, innocent []string
	}{
		{"reader-beside-a-writer", []string{"in use by pod writer on n1"}, []string{"reader"}},
		{"reader-on-another-node", []string{"in use by pod writer on n2"}, []string{"reader"}},
		{
			"provisioner-without-a-driver",
			[]string{"CSI driver csi.example.com is not registered", "csi.example.com CSI driver is not installed on the node"},
			[]string{"rancher.io/local-path"},
		},
		{
			"one-class-of-two-is-short",
			[]string{"claims a1 (6Gi) and a2 (6Gi) want 12Gi together", "class a with most room has 10Gi"},
			[]string{"claim b1", "class b with", "100Gi"},
		},
		{"drivers-with-slots-left", []string{"driver full.example.com"}, []string{"roomy.example.com"}},
		{"driver-of-an-existing-volume", []string{"driver old.example.com is not registered"}, []string{"driver new.example.com is"}},
		{"room-taken-in-another-pool", []string{"5Gi"}, []string{"8Gi"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := explained(t, filepath.Join(engineCases, "blame", test.name+".txtar"))
			said := []string{e.Headline, e.Message}
			for i := range e.Constraints {
				said = append(said, e.Constraints[i].Detail)
			}
			for _, c := range e.Changes {
				said = append(said, c.What)
			}
			all := strings.Join(said, "\n")
			for _, text := range test.blamed {
				if !strings.Contains(all, text) {
					t.Errorf("the answer does not say %q:\n%s", text, all)
				}
			}
			for _, text := range test.innocent {
				if strings.Contains(all, text) {
					t.Errorf("the answer blames %q:\n%s", text, all)
				}
			}
		})
	}
}
