// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"os"
	"strings"
	"testing"
)

// TestTheGuidesRow promises that the row which docs/drivers.md shows is one, with every key that is required.
func TestTheGuidesRow(t *testing.T) {
	page, err := os.ReadFile("../docs/drivers.md")
	if err != nil {
		t.Fatal(err)
	}
	_, row, found := strings.Cut(string(page), "```yaml\n")
	if !found {
		t.Fatal("docs/drivers.md shows no row")
	}
	row, _, _ = strings.Cut(row, "```")
	c, err := Load([]byte("drivers:\n" + row))
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := c.Driver("disk.csi.example.com"); !ok || d.Topology.Scope != ScopeZone || d.AttachLimit.Max != 16 {
		t.Errorf("the row reads as %+v", d)
	}
}
