// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestPreCommitHook runs what the hook's definition says, on files that it would be given.
func TestPreCommitHook(t *testing.T) {
	content, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var hooks []struct {
		ID, Name, Description, Entry, Language, Files, Exclude string
		Args                                                   []string
		RequireSerial                                          bool `json:"require_serial"`
	}
	if err := yaml.UnmarshalStrict(content, &hooks); err != nil {
		t.Fatal(err)
	}
	if len(hooks) != 1 || hooks[0].Language != "golang" || !strings.HasPrefix(hooks[0].Entry, "moorage ") {
		t.Fatalf("the hooks are %+v", hooks)
	}
	hook := hooks[0]
	files, exclude := regexp.MustCompile(hook.Files), regexp.MustCompile(hook.Exclude)
	for path, given := range map[string]bool{
		"deploy/pod.yaml": true, "deploy/pod.yml": true, "pod.json": true, "README.md": false, "chart/templates/pod.yaml": false, "templates/pod.yaml": false,
	} {
		if got := files.MatchString(path) && !exclude.MatchString(path); got != given {
			t.Errorf("%s is given: %t, want %t", path, got, given)
		}
	}
	for manifest, status := range map[string]int{
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n":                                                0,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}], volumes: [{name: a}, {name: a, emptyDir: {}}]}\n": 1,
	} {
		path := filepath.Join(t.TempDir(), "pod.yaml")
		if err := os.WriteFile(path, []byte(manifest), 0o600); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		command := slices.Concat(strings.Fields(hook.Entry)[1:], hook.Args, []string{path})
		if got := run(command, &stdout, &stderr); got != status {
			t.Errorf("%v: exit status %d, want %d\n%s%s", command, got, status, &stdout, &stderr)
		}
	}
}
