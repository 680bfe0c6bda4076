// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// githubAction is a composite action, as far as it is used.
type githubAction struct {
	Name, Description string
	Branding          map[string]string
	Inputs            map[string]struct {
		Description, Default string
		Required             bool
	}
	Outputs map[string]struct{ Description, Value string }
	Runs    struct {
		Using string
		Steps []struct {
			ID, Name, Shell, Run string
			Env                  map[string]string
		}
	}
}

// TestGitHubAction runs the scripts of action.yml, as a runner would, against a release on a server of its own: the checksum is verified, and
// what is found makes the step fail.
func TestGitHubAction(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil || runtime.GOOS != "linux" {
		t.Skip("the scripts are for bash, and the release that is made here for Linux")
	}
	for _, tool := range []string{"curl", "tar"} {
		if _, err = exec.LookPath(tool); err != nil {
			t.Skip(err)
		}
	}
	content, err := os.ReadFile("../../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action githubAction
	if err := yaml.UnmarshalStrict(content, &action); err != nil {
		t.Fatal(err)
	}
	if action.Runs.Using != "composite" || len(action.Runs.Steps) != 2 {
		t.Fatalf("it runs %+v", action.Runs)
	}

	archiveName := "moorage_v1.2.3_linux_" + runtime.GOARCH + ".tar.gz"
	archive := archiveOfThisProgram(t)
	sums := fmt.Sprintf("%x  other.tar.gz\n%x  %s\n", sha256.Sum256(nil), sha256.Sum256(archive), archiveName)
	serve := func(archive []byte, sums string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v1.2.3/" + archiveName:
				_, _ = w.Write(archive)
			case "/v1.2.3/SHA256SUMS":
				_, _ = w.Write([]byte(sums))
			default:
				http.NotFound(w, r)
			}
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	whole := serve(archive, sums)
	for _, test := range []struct {
		name   string
		inputs map[string]string
		// failing is the step that fails, from 1; 0 for none.
		failing int
		says    string
		sarif   string
	}{
		{"nothing found", map[string]string{"source": whole, "paths": "right.yaml"}, 0, "", ""},
		{"a finding", map[string]string{"source": whole, "paths": "right.yaml\nwrong.yaml"}, 2, "::error file=wrong.yaml,line=4,", ""},
		{"a finding that is not to fail", map[string]string{"source": whole, "paths": "*.yaml", "fail-on": "never"}, 0, "::error file=wrong.yaml,", ""},
		{"sarif", map[string]string{"source": whole, "paths": "wrong.yaml", "output": "sarif", "sarif-file": "out.sarif"}, 2, "", `"ruleId": "api-refused"`},
		{"another output", map[string]string{"source": whole, "paths": "wrong.yaml", "output": "text"}, 2, "want github or sarif", ""},
		{"an archive that is not the release's", map[string]string{"source": serve(archive[:len(archive)-1], sums)}, 1, "FAILED", ""},
		{"no checksum of it", map[string]string{"source": serve(archive, strings.SplitAfter(sums, "\n")[0])}, 1, "", ""},
		{"no such release", map[string]string{"source": whole, "version": "v9.9.9"}, 1, "404", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write := func(name, text string) {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write("right.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}\n")
			write("wrong.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}], volumes: [{name: a}, {name: a, emptyDir: {}}]}\n")
			inputs := map[string]string{"version": "v1.2.3"}
			for name, input := range action.Inputs {
				if inputs[name] == "" {
					inputs[name] = input.Default
				}
			}
			for name, value := range test.inputs {
				inputs[name] = value
			}
			outputs := map[string]string{}
			failed, said := 0, ""
			for i, step := range action.Runs.Steps {
				write("output", "")
				cmd := exec.CommandContext(t.Context(), bash, "-c", step.Run)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GITHUB_OUTPUT="+filepath.Join(dir, "output"), "RUNNER_TEMP="+dir)
				for name, value := range step.Env {
					cmd.Env = append(cmd.Env, name+"="+expression.ReplaceAllStringFunc(value, func(e string) string {
						named := strings.TrimSpace(strings.Trim(e, "${}"))
						if input, ok := strings.CutPrefix(named, "inputs."); ok {
							if _, ok := action.Inputs[input]; !ok {
								t.Errorf("there is no input %q", input)
							}
							return inputs[input]
						}
						return outputs[named]
					}))
				}
				out, err := cmd.CombinedOutput()
				said += string(out)
				written, _ := os.ReadFile(filepath.Join(dir, "output"))
				for line := range strings.Lines(string(written)) {
					name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
					outputs["steps."+step.ID+".outputs."+name] = value
				}
				var exit *exec.ExitError
				if errors.As(err, &exit) {
					failed = i + 1
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if failed != test.failing || !strings.Contains(said, test.says) {
				t.Errorf("step %d fails, want %d, and %q in\n%s", failed, test.failing, test.says, said)
			}
			if test.sarif != "" {
				file := outputs["steps.check.outputs.sarif-file"]
				if text, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !strings.Contains(string(text), test.sarif) {
					t.Errorf("%s: %v: %s", file, err, text)
				}
			}
		})
	}
}

var expression = regexp.MustCompile(`\$\{\{[^}]*\}\}`)

// archiveOfThisProgram is a release's archive, in which moorage is the one that TestMain puts into the PATH.
func archiveOfThisProgram(t *testing.T) []byte {
	t.Helper()
	file, err := exec.LookPath("moorage")
	if err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\"\n", file)
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	tarred := tar.NewWriter(zipped)
	if err = tarred.WriteHeader(&tar.Header{Name: "moorage", Mode: 0o755, Size: int64(len(script)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	_, err = tarred.Write([]byte(script))
	if err = errors.Join(err, tarred.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
