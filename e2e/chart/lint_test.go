// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"testing"

	"helm.sh/helm/v4/pkg/action"

	"github.com/moorage-k8s/moorage/e2e/binaries"
	"github.com/moorage-k8s/moorage/e2e/chart"
)

// `helm lint --strict` has nothing to object to, whatever the values.
func TestLint(t *testing.T) {
	directory, err := binaries.RepositoryFile(chart.Directory)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range combinations(t) {
		lint := action.NewLint()
		lint.Strict, lint.Namespace = true, chart.DefaultRelease
		result := lint.Run([]string{directory}, c.options.Values)
		for _, fault := range result.Errors {
			t.Errorf("%s: %v", c.name, fault)
		}
		for _, message := range result.Messages {
			t.Logf("%s: %s", c.name, message)
		}
	}
}
