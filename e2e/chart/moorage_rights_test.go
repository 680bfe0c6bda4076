// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/e2e/chart"
	"github.com/moorage-k8s/moorage/e2e/moorage"
)

// The rights that a moorage beside a control plane has without Helm are those that the chart gives it. `go test ./chart -run
// TestPlainRights -update` updates them.
func TestPlainRights(t *testing.T) {
	want, err := chart.MoorageRights(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		out := strings.Builder{}
		out.WriteString("# What the chart grants where the cluster's own kube-scheduler asks moorage; written by go test ./chart -run TestPlainRights -update.\n")
		for _, o := range want {
			text, marshalErr := yaml.Marshal(o.Object)
			if marshalErr != nil {
				t.Fatal(marshalErr)
			}
			out.WriteString("---\n" + string(text))
		}
		if err = os.WriteFile(filepath.Join("..", "moorage", "rights.yaml"), []byte(out.String()), 0o644); err != nil { //nolint:gosec // no secret
			t.Fatal(err)
		}
		t.Skip("written; run again without -update")
	}
	got, err := moorage.PlainRights(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("e2e/moorage/rights.yaml is not what the chart grants (-chart +file); if that is meant, go test ./chart -run TestPlainRights -update\n%s", diff)
	}
	if len(got) == 0 {
		t.Error("the chart grants nothing")
	}
	if _, err = moorage.PlainRights(map[string]any{"webhook": map[string]any{"schedulerName": map[string]any{}}}, false); err == nil {
		t.Error("rights.yaml is said to do for a configuration with a scheduler's name")
	}
}
