// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

var updateCases = flag.Bool("update", false, "write what kubectl printed into the cases of testdata/admission/rules")

const ruleCases = "testdata/admission/rules"

// noGATopologyKeys switches the default off that fixes what topology-beta-key tells of.
const noGATopologyKeys = `{apiVersion: moorage.dev/v1alpha1, kind: MoorageConfiguration, webhook: {defaults: {ga-topology-keys: false}}}`

// onlyInFiles are the rules that no request meets, and why.
var onlyInFiles = map[string]string{
	"decode":                   "what reaches the webhook has been read, and the API server says itself what it could not read",
	"volume-handle-shared":     "a request has one volume, and the files have several",
	"binding-hook-deadlock":    "a request has one object, and the claim's consumer is another",
	"selinux-label-conflict":   "a request has one pod, and the files have several",
	"configmap-key-missing":    "ConfigMaps are read in files only",
	"snapshot-refused":         "the API server's own validation of the snapshot kinds rejects it before any webhook is asked",
	"snapshot-removed-version": "the API server serves no such version, so there is nothing to ask about",
}

// ruleCase is a file of testdata/admission/rules: one rule, an object that it finds fault with, and one that is much like it
// and that it lets pass without a word.
type ruleCase struct {
	rule    rules.Rule
	file    string
	archive *txtar.Archive
	// dir holds the case's manifests as files.
	dir string
}

func (c *ruleCase) section(name string) (string, bool) {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return string(f.Data), true
		}
	}
	return "", false
}

func (c *ruleCase) set(name, text string) {
	at := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == name })
	switch {
	case at >= 0 && text == "":
		c.archive.Files = slices.Delete(c.archive.Files, at, at+1)
	case at >= 0:
		c.archive.Files[at].Data = []byte(text)
	case text != "":
		before := slices.IndexFunc(c.archive.Files, func(f txtar.File) bool { return f.Name == "near-miss.yaml" })
		c.archive.Files = slices.Insert(c.archive.Files, before, txtar.File{Name: name, Data: []byte(text)})
	}
}

// want is what kubectl prints of the positive: nothing on stdout for an object that is refused.
func (c *ruleCase) want() terminal {
	stdout, created := c.section("stdout")
	stderr, _ := c.section("stderr")
	status := 0
	if !created {
		status = 1
	}
	return terminal{Stdout: stdout, Stderr: stderr, Status: status}
}

func readRuleCases(t *testing.T) []*ruleCase {
	t.Helper()
	var cases []*ruleCase
	for _, r := range rules.Registry() {
		c := &ruleCase{rule: r, file: filepath.Join(ruleCases, r.ID+".txtar"), dir: t.TempDir()}
		if onlyInFiles[r.ID] != "" {
			continue
		}
		var err error
		if c.archive, err = txtar.ParseFile(c.file); err != nil {
			t.Fatalf("rule %s has no case at the API server: %v; write one, or say in onlyInFiles why there is none", r.ID, err)
		}
		for _, name := range []string{"positive.yaml", "near-miss.yaml"} {
			text, ok := c.section(name)
			if !ok {
				t.Fatalf("%s has no %s", c.file, name)
			}
			if err = os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cases = append(cases, c)
	}
	return cases
}

// Every rule that a request can meet has a case, and no case is left from a rule that is gone.
func TestEveryRuleHasACase(t *testing.T) {
	known := map[string]bool{}
	for _, c := range readRuleCases(t) {
		known[filepath.Base(c.file)] = true
		if len(c.archive.Comment) == 0 {
			t.Errorf("%s does not say what makes the difference", c.file)
		}
	}
	entries, err := os.ReadDir(ruleCases)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("%s/%s is of no rule that a request can meet", ruleCases, e.Name())
		}
	}
	for id := range onlyInFiles {
		if at := slices.IndexFunc(rules.Registry(), func(r rules.Rule) bool { return r.ID == id }); at < 0 || (rules.Registry()[at].Check != nil && !rules.Registry()[at].FilesOnly) {
			t.Errorf("rule %s is not one that only files can meet", id)
		}
	}
}

// What a user of kubectl sees of each rule, to the letter: of an object at fault, and, which is nothing, of one that is not.
func TestEveryRuleAtTheTerminal(t *testing.T) {
	cases := readRuleCases(t)
	k, m := ruleCluster(t)
	create := func(t *testing.T, c *ruleCase, manifest string) terminal {
		t.Helper()
		in := k
		in.dir = c.dir
		return in.run(t, "create", "--dry-run=server", "-f", manifest)
	}
	check := func(t *testing.T, c *ruleCase) {
		t.Helper()
		got := create(t, c, "positive.yaml")
		if *updateCases {
			c.set("stdout", got.Stdout)
			c.set("stderr", got.Stderr)
			if err := os.WriteFile(c.file, txtar.Format(c.archive), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		diff(t, c.want(), got, "the positive")
		if c.rule.Action != rules.Audit && !strings.Contains(got.Stderr, c.rule.ID) {
			t.Errorf("the positive is not told of by the rule: %q", got.Stderr)
		}
	}
	passes := func(t *testing.T, c *ruleCase) {
		t.Helper()
		// Another rule may have a word to say.
		others, _ := c.section("near-miss stderr")
		if got := create(t, c, "near-miss.yaml"); got.Status != 0 || got.Stderr != others || strings.Contains(got.Stderr, c.rule.ID) {
			t.Errorf("the near miss does not pass without a word: %+v", got)
		}
	}
	// What is only counted is looked at alone, so that nobody else counts meanwhile.
	for _, c := range cases {
		if c.rule.Action != rules.Audit {
			continue
		}
		t.Run(c.rule.ID, func(t *testing.T) {
			series := `moorage_webhook_findings_total{action="audit",rule="` + c.rule.ID + `"}`
			before := count(t, m, series)
			check(t, c)
			told := count(t, m, series)
			if told == before {
				t.Errorf("the positive is not counted in %s", series)
			}
			passes(t, c)
			if got := count(t, m, series); got != told {
				t.Errorf("the near miss is counted in %s", series)
			}
		})
	}
	t.Run("told", func(t *testing.T) {
		for _, c := range cases {
			if c.rule.Action == rules.Audit {
				continue
			}
			t.Run(c.rule.ID, func(t *testing.T) {
				t.Parallel()
				check(t, c)
				passes(t, c)
			})
		}
	})
	metrics, err := m.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, "moorage_webhook_rule_panics_total{") {
			t.Errorf("a rule failed: %s", line)
		}
	}
}

// ruleCluster puts the objects of testdata/admission into the cluster, and moorage beside them when it can see them all.
func ruleCluster(t *testing.T) (kubectl, *moorage.Moorage) {
	t.Helper()
	c := control(t)
	dir, crds := t.TempDir(), snapshotCRDs(t)
	// What belongs to the whole cluster goes after the namespace, in which its users are.
	admin := newKubectl(t, c, "default", dir)
	cleanup(t, func(ctx context.Context) error {
		for _, what := range [][]string{{"-f", "cluster.yaml"}, crds} {
			got, err := admin.call(ctx, slices.Concat([]string{"delete", "--ignore-not-found"}, what)...)
			if err != nil || got.Status != 0 {
				return errors.Join(err, errors.New(got.Stderr))
			}
		}
		return nil
	})
	ns := namespace(t, c)
	for _, name := range []string{"cluster.yaml", "namespace.yaml"} {
		text, err := os.ReadFile(filepath.Join("testdata", "admission", name))
		if err != nil {
			t.Fatal(err)
		}
		if err = os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(string(text), "NAMESPACE", ns)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := admin
	k.namespace = ns
	k.must(t, slices.Concat([]string{"create"}, crds)...)
	k.must(t, slices.Concat([]string{"wait", "--for=condition=Established"}, crds)...)
	k.must(t, "create", "-f", "cluster.yaml")
	k.must(t, "create", "-f", "namespace.yaml")
	k.must(t, "patch", "volumesnapshot", "daily", "--subresource=status", "--type=merge", "--patch",
		`{"status": {"readyToUse": true, "restoreSize": "10Gi", "boundVolumeSnapshotContentName": "rules-daily"}}`)
	m := startMoorage(t, c, moorage.Options{Config: noGATopologyKeys})
	for _, kind := range []string{"VolumeAttributesClass", "VolumeSnapshotClass", "VolumeSnapshotContent", "VolumeSnapshot"} {
		await(t, "moorage to read the kind "+kind, func(ctx context.Context) (bool, error) {
			n, err := m.Count(ctx, `moorage_cache_objects{kind="`+kind+`"}`)
			return n > 0, err
		})
	}
	return k, m
}

// snapshotCRDs names, as arguments of kubectl, the files of the snapshot API's own definitions, which are in the module of
// its client.
func snapshotCRDs(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/kubernetes-csi/external-snapshotter/client/v8").Output()
	if err != nil {
		t.Fatalf("find the definitions of the snapshot API: %v", err)
	}
	var args []string
	for _, plural := range []string{"volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"} {
		args = append(args, "-f", filepath.Join(strings.TrimSpace(string(out)), "config", "crd", "snapshot.storage.k8s.io_"+plural+".yaml"))
	}
	return args
}

// must runs a command that is to succeed.
func (k kubectl) must(t *testing.T, args ...string) {
	t.Helper()
	if got := k.run(t, args...); got.Status != 0 {
		t.Fatalf("kubectl %q: %s", args, got.Stderr)
	}
}
