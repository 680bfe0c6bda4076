// SPDX-License-Identifier: Apache-2.0

// Package mutant builds a package's tests against a source with deliberate faults, one of which is switched on at a time: a test that
// compares two sides must notice each of them.
package mutant

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Env names the fault that is switched on.
const Env = "MOORAGE_ORACLE_MUTATION"

// Fault is a deliberate fault in the source. New replaces Old, which must occur once in File. The fault shows only where
// mutant("NAME") is true, so that one build holds all faults and each is switched on by itself; % in New stands for that call.
type Fault struct {
	Name string
	// File is below the directory of the source.
	File, Old, New string
}

// Build builds the tests of the package in the current directory with all faults in the source, each asleep until Env names it, and returns
// the file of the program.
func Build(t *testing.T, source string, faults []Fault) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	overlay := map[string]string{}
	put := func(path, text string) {
		path = filepath.Join(root, path)
		overlay[path] = filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay)))
		if writeErr := os.WriteFile(overlay[path], []byte(text), 0o600); writeErr != nil {
			t.Fatal(writeErr)
		}
	}
	texts := map[string]string{}
	for _, f := range faults {
		text, read := texts[f.File]
		if !read {
			content, readErr := os.ReadFile(filepath.Join(root, f.File))
			if readErr != nil {
				t.Fatal(readErr)
			}
			text = string(content)
		}
		if n := strings.Count(text, f.Old); n != 1 {
			t.Fatalf("mutation %q: its old text occurs %d times in %s, not once; follow the source's change:\n%s", f.Name, n, f.File, f.Old)
		}
		texts[f.File] = strings.Replace(text, f.Old, strings.ReplaceAll(f.New, "%", fmt.Sprintf("mutant(%q)", f.Name)), 1)
	}
	dirs := map[string]bool{}
	for file, text := range texts {
		put(file, text)
		dirs[filepath.Dir(file)] = true
	}
	for of := range dirs {
		put(filepath.Join(of, "mutant.go"), fmt.Sprintf(
			"package %s\n\nimport \"os\"\n\nvar mutation = os.Getenv(%q)\n\nfunc mutant(name string) bool { return mutation == name }\n",
			filepath.Base(filepath.Join(root, of)), Env))
	}
	plan, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	planFile, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "mutants.test")
	if err = os.WriteFile(planFile, plan, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", planFile, "-o", program, ".")
	if out, buildErr := build.CombinedOutput(); buildErr != nil {
		t.Fatalf("build the source with faults: %v\n%s", buildErr, out)
	}
	return program
}

// Run runs one test of the program with one fault switched on, on one core.
func Run(t *testing.T, program, fault string, args ...string) (output string, failed bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), Env+"="+fault, "GOMAXPROCS=1")
	out, err := cmd.CombinedOutput()
	return string(out), err != nil
}
