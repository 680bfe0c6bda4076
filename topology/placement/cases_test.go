// SPDX-License-Identifier: Apache-2.0

package placement_test

import (
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
)

var update = flag.Bool("update", false, "write what the engine says into the cases")

// TestCases asks the engine about every case in testdata: a comment that says what is promised, a cluster, a pod, and what
// is said of each node, with its score and what each scorer that told nodes apart gives it. A node of which only 'fits' is wanted may have any score. What is wanted in upstream is what
// kube-scheduler's own tests want; -update leaves it alone.
func TestCases(t *testing.T) {
	for _, name := range caseNames(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", filepath.FromSlash(name)+".txtar")
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{}
			for _, f := range archive.Files {
				files[f.Name] = f.Data
			}
			got := withoutScores(string(files["want"]), answer(t, files))
			if *update && !strings.HasPrefix(name, "upstream/") {
				for i := range archive.Files {
					if archive.Files[i].Name == "want" {
						archive.Files[i].Data = []byte(got)
					}
				}
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(files["want"]), got); diff != "" {
				t.Errorf("%s(-want +got):\n%s", archive.Comment, diff)
			}
		})
	}
}

// caseNames returns the paths of the cases in testdata and its directories, with slashes and without their ending.
func caseNames(t *testing.T) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(path string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(path, ".txtar"); ok {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return names
}

// withoutScores leaves out of got the scores of the nodes whose line in want has none.
func withoutScores(want, got string) string {
	unscored := map[string]bool{}
	for line := range strings.Lines(want) {
		if node, fits := strings.CutSuffix(line, ": fits\n"); fits {
			unscored[node] = true
		}
	}
	var out strings.Builder
	for line := range strings.Lines(got) {
		if node, _, fits := strings.Cut(line, ": fits, score "); fits && unscored[node] {
			line = node + ": fits\n"
		}
		out.WriteString(line)
	}
	return out.String()
}

func caseFiles(t *testing.T, name string) map[string][]byte {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", filepath.FromSlash(name)+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range archive.Files {
		files[f.Name] = f.Data
	}
	return files
}

func caseOf(t *testing.T, files map[string][]byte) (*placement.Engine, *topology.Snapshot, *topology.Pod) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cluster.yaml"), files["cluster.yaml"], 0o600); err != nil {
		t.Fatal(err)
	}
	cache := topology.New(topology.Options{})
	if _, err := manifests.Load(cache, dir); err != nil {
		t.Fatal(err)
	}
	var pod corev1.Pod
	if err := yaml.UnmarshalStrict(files["pod.yaml"], &pod); err != nil {
		t.Fatal(err)
	}
	pod.Namespace = "default"
	var config placement.Config
	if err := yaml.UnmarshalStrict(files["config.yaml"], &config); err != nil {
		t.Fatal(err)
	}
	config.AtSource = func(driver string, parameters map[string]string, snapshot bool) bool {
		return driver == "d" && (!snapshot || parameters["restores"] != "anywhere") && parameters["clones"] != "anywhere"
	}
	config.Machines = func(_ string, parameters map[string]string) (string, func(string) bool) {
		if parameters["disk"] == "" {
			return "", nil
		}
		return parameters["disk"], func(machine string) bool { return machine == "not-for-"+parameters["disk"] }
	}
	engine, err := placement.NewEngine(config)
	if err != nil {
		t.Fatal(err)
	}
	return engine, cache.Snapshot(), topology.PodFromAPI(&pod)
}

func answer(t *testing.T, files map[string][]byte) string {
	t.Helper()
	engine, s, pod := caseOf(t, files)
	verdict := engine.Filter(s, placement.NewDemand(s, pod))
	scores := engine.Score(s, verdict, verdict.Feasible)
	var out bytes.Buffer
	for i := range s.NumNodes() {
		if refusal := verdict.Refusal(i); refusal != nil {
			fmt.Fprintf(&out, "%s: %s: %s\n", s.Node(i).Name, refusal.Predicate, refusal.Reason)
		} else {
			fmt.Fprintf(&out, "%s: fits, score %d", s.Node(i).Name, scores.Node(i))
			for j, scorer := range scores.Names {
				fmt.Fprintf(&out, ", %s %.2f", scorer, scores.Part(j, i))
			}
			fmt.Fprintln(&out)
		}
	}
	for _, u := range verdict.Undecided {
		fmt.Fprintf(&out, "undecided: %s: %s\n", u.Cause, u.Detail)
	}
	return out.String()
}
