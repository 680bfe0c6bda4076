// SPDX-License-Identifier: Apache-2.0

package output_test

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

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
)

var update = flag.Bool("update", false, "write the golden files")

// engineCases are the cases of the engine: one cluster and one pod for nearly everything that a predicate can say.
const engineCases = "../../topology/placement/testdata"

// TestEveryRefusalHasWords explains the cases in testdata, whose pods fit nowhere, and every case of the engine. What each
// constraint is called, with which names, and what would help is in testdata/explain/cases.txt.
func TestEveryRefusalHasWords(t *testing.T) {
	var got bytes.Buffer
	tell := func(root, path string, err error) error {
		name, isCase := strings.CutSuffix(path, ".txtar")
		if err != nil || !isCase || strings.HasPrefix(name, "scorers/") || strings.HasPrefix(name, "upstream/") {
			return err
		}
		e := explained(t, filepath.Join(root, path))
		fmt.Fprintf(&got, "%s: %s\n", name, e.Headline)
		for i := range e.Constraints {
			c := &e.Constraints[i]
			fmt.Fprintf(&got, "  %d/%d %s\n", c.Nodes, c.Alone, c.Detail)
		}
		for _, change := range e.Changes {
			fmt.Fprintf(&got, "  > %s\n", change.What)
		}
		return nil
	}
	for _, root := range []string{"testdata/explain", engineCases} {
		err := fs.WalkDir(os.DirFS(root), ".", func(path string, _ fs.DirEntry, err error) error { return tell(root, path, err) })
		if err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/explain/cases.txt", got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/explain/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if strings.Contains(got.String(), "%!") || strings.Contains(got.String(), "  ,") {
		t.Error("a sentence is not whole")
	}
}

func explained(t *testing.T, path string) *output.Explanation {
	t.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var pod corev1.Pod
	var config placement.Config
	for _, f := range archive.Files {
		switch f.Name {
		case "cluster.yaml":
			err = os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600)
		case "pod.yaml":
			err = yaml.UnmarshalStrict(f.Data, &pod)
		case "config.yaml":
			err = yaml.UnmarshalStrict(f.Data, &config)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err = manifests.Load(cache, dir); err != nil {
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
	pod.Namespace = "default"
	return output.ExplanationOf(explain.Pod(explain.Question{Snapshot: cache.Snapshot(), Engine: engine, Pod: topology.PodFromAPI(&pod)}))
}
