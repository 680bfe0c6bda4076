// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestClassicExamples holds what check says about each manifest of examples/classic against the text beside it, and promises
// that nothing is said about what examples/classic/today makes of them.
func TestClassicExamples(t *testing.T) {
	t.Chdir("../../examples/classic")
	t.Setenv("COLUMNS", "100")
	manifests, err := filepath.Glob("*.yaml")
	if err != nil || len(manifests) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, manifest := range manifests {
		t.Run(manifest, func(t *testing.T) {
			golden := strings.TrimSuffix(manifest, ".yaml") + ".txt"
			said := checked(t, manifest)
			if *update {
				if err := os.WriteFile(golden, said, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(said)); diff != "" {
				t.Errorf("run 'go test ./cmd/moorage -run TestClassicExamples -update' if this is meant (-%s +check):\n%s", golden, diff)
			}
			today := filepath.Join("today", manifest)
			if _, err := os.Stat(today); err != nil {
				if !bytes.Contains(said, []byte("nothing found")) {
					t.Errorf("there are findings, but no %s that shows how to do without", today)
				}
				return
			}
			if said := checked(t, today); !bytes.Contains(said, []byte("nothing found")) {
				t.Errorf("of today's form:\n%s", said)
			}
		})
	}
}

// checked returns what check says to a person about a file, audit findings included.
func checked(t *testing.T, path string) []byte {
	t.Helper()
	var out, diagnostics bytes.Buffer
	root := rootCommand()
	root.SetOut(&out)
	root.SetErr(&diagnostics)
	root.SetArgs([]string{"check", "-v", "--fail-on", "never", path})
	if err := root.ExecuteContext(t.Context()); err != nil || diagnostics.Len() > 0 {
		t.Fatalf("check %s: %v\n%s", path, err, &diagnostics)
	}
	return out.Bytes()
}
