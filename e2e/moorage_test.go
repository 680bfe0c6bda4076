// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"

	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// With moorage's own rights, which are to read what its cache holds, it becomes ready and the API server asks it.
func TestMoorageStarts(t *testing.T) {
	c := control(t)
	m, err := moorage.Start(t.Context(), c, moorage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cleanup(t, m.Stop)
}
