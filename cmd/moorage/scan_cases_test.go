// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/scan"
)

// scanCases is where the clusters are: a directory for each kind of finding, with files in which it is there and files in which it nearly is.
const scanCases = "../../scan/testdata"

// Each file begins with what is to be found in it, a comment for each finding: '# ID ROOT', and behind it '> OBJECT, OBJECT' for what it hurts.
// An object is KIND/NAME or KIND/NAMESPACE/NAME. '# nothing' is for a cluster in which nothing of the kind is to be found, and '# now TIME' says when
// it is asked. Findings of other kinds fail the test as well, but for those of the sections waste and unwise where the kind is of another.
func TestScanCases(t *testing.T) {
	sections := map[string]scan.Section{}
	for _, k := range scan.Registry() {
		sections[k.ID] = k.Section
	}
	files, err := filepath.Glob(filepath.Join(scanCases, "*", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	covered := map[string]int{}
	for _, file := range files {
		id := filepath.Base(filepath.Dir(file))
		t.Run(id+"/"+strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			want, args := scanCase(t, file)
			result := scanFile(t, append(args, "--from", file)...)
			var got []string
			for i := range result.Findings {
				f := &result.Findings[i]
				mild := f.Section == scan.Waste || f.Section == scan.Unwise
				if f.ID == id || strings.HasPrefix(f.ID, id) || !mild {
					got = append(got, scanLine(f))
				}
				if f.Cause == "" || f.Remedy == "" || f.Command == "" || len(f.Evidence) == 0 {
					t.Errorf("a finding without a cause, evidence, a remedy or a command: %+v", f)
				}
			}
			// The kinds of a section are found alike where others are not asked for.
			section := sections[id]
			var all, alone []string
			for i := range result.Findings {
				if f := &result.Findings[i]; f.Section == section {
					all = append(all, scanLine(f))
				}
			}
			if section != "" {
				asked := scanFile(t, append(args, "--from", file, "--only", string(section))...)
				for i := range asked.Findings {
					alone = append(alone, scanLine(&asked.Findings[i]))
				}
			}
			if diff := cmp.Diff(all, alone); diff != "" {
				t.Errorf("findings of section %s (-among all +asked for alone):\n%s", section, diff)
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if len(want) > 0 {
				covered[id] |= 1
			} else {
				covered[id] |= 2
			}
		})
	}
	for id := range sections {
		if strings.HasPrefix(id, scan.RulePrefix) || strings.HasPrefix(id, "upgrade-") {
			continue
		}
		if covered[id] != 3 {
			t.Errorf("%s: want at least one cluster that has it and one that nearly does, below %s/%s", id, scanCases, id)
		}
	}
}

// scanCase reads what is to be found in a file, and the arguments that it asks for.
func scanCase(t *testing.T, file string) (want, args []string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	told := false
	for line := range strings.Lines(string(content)) {
		said, comment := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !comment {
			break
		}
		if at, ok := strings.CutPrefix(said, "now "); ok {
			args = append(args, "--now", at)
			continue
		}
		told = true
		if said != "nothing" {
			want = append(want, said)
		}
	}
	if !told {
		t.Fatalf("%s does not begin with what is to be found", file)
	}
	return want, args
}

func scanLine(f *output.ScanFinding) string {
	name := func(list []scan.Object) string {
		var names []string
		for _, o := range list {
			parts := []string{o.Kind}
			if o.Namespace != "" {
				parts = append(parts, o.Namespace)
			}
			names = append(names, strings.Join(append(parts, o.Name), "/"))
		}
		return strings.Join(names, ", ")
	}
	line := f.ID + " " + name(f.Objects)
	if len(f.Hurts) > 0 {
		line += " > " + name(f.Hurts)
	}
	return line
}

// scanFile runs the command and reads its answer.
func scanFile(t *testing.T, args ...string) *output.ScanResult {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(append([]string{"scan", "-o", "json"}, args...), &stdout, &stderr); status == exitFailure {
		t.Fatalf("moorage scan %q: %s", args, stderr.String())
	}
	var result output.ScanResult
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("%v:\n%s", err, stdout.String())
	}
	return &result
}
