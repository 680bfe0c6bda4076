// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/moorage-k8s/moorage/e2e/binaries"
)

// moorage's own rules have nothing to say about what its chart installs.
func TestMoorageCheckFindsNothing(t *testing.T) {
	file, err := binaries.Builder{}.Moorage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range combinations(t) {
		rendered := c.render(t)
		manifest := filepath.Join(t.TempDir(), c.name+".yaml")
		if err := os.WriteFile(manifest, []byte(rendered.Manifest+"\n"+rendered.Hooks), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), file, "check", "-f", manifest, "--fail-on", "warn").CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
	}
}
