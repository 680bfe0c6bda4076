// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"os/exec"
	"strings"
	"testing"
)

// mostPackages is how many packages the demo may be made of, Go's own included. Nearly all of them are the control plane's, too.
const mostPackages = 900

// A reader's first command compiles what it shows and no more.
func TestDemoCompilesLittle(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "../cmd/demo", "github.com/moorage-k8s/moorage/cmd/moorage")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 300 {
		t.Errorf("the demo is said to be made of %d packages: that cannot be", len(packages))
	}
	for _, p := range packages {
		if strings.HasPrefix(p, "helm.sh/") || strings.HasSuffix(p, "/e2e/chart") {
			t.Errorf("the demo is compiled with %s", p)
		}
	}
	cmd = exec.Command("go", "list", "-deps", "../cmd/demo")
	if out, err = cmd.Output(); err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(string(out))); n > mostPackages {
		t.Errorf("the demo is made of %d packages, want at most %d", n, mostPackages)
	}
}
