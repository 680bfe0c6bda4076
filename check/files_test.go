// SPDX-License-Identifier: Apache-2.0

package check

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// checkText checks one file and returns its findings as "line:column rule path: message".
func checkText(t testing.TB, name, content string) ([]string, *Result) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	result := checkPaths(t, Options{Paths: []string{path}})
	var lines []string
	for _, f := range result.Findings {
		if f.Symptom == "" || f.Remediation == "" {
			t.Errorf("a finding without symptom or remediation: %+v", f)
		}
		lines = append(lines, fmt.Sprintf("%d:%d %s %s: %s", f.Line, f.Column, f.Rule, f.Path, f.Message))
	}
	return lines, result
}

func checkPaths(t testing.TB, opts Options) *Result {
	t.Helper()
	evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opts.Evaluator = evaluator
	result, err := Check(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func clusterOf(t *testing.T, paths ...string) *topology.Snapshot {
	t.Helper()
	cache := topology.New(topology.Options{})
	if _, err := manifests.Load(cache, paths...); err != nil {
		t.Fatal(err)
	}
	return cache.Snapshot()
}

// pod is a pod whose secret's mode is in line 8, column 35.
const pod = `apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: web, image: web, volumeMounts: [{name: tls, mountPath: /tls}]}]
  volumes:
  - name: tls
    secret: {secretName: tls, defaultMode: 440}
`

const decimal = `secret-mode-decimal spec.volumes[0].secret.defaultMode: secret volume "tls": mode 440 is decimal, which is 0670; 0440 was probably meant`

func utf16le(s string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

func TestPlaces(t *testing.T) {
	inJSON := `{
	"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {"é": "😀"}},
	"spec": {"volumes": [
		{"name": "tls", "secret": {"secretName": "\ud83d\ude00",
		"defaultMode": 440}}]}
}
`
	for _, tc := range []struct {
		name, reason, file, content string
		want                        []string
	}{
		{"one document", "the name of the field is where it stands", "a.yaml", pod, []string{"8:31 " + decimal}},
		{"the second document", "lines are the file's, not the document's", "a.yaml", "# first\n---\n# Source: chart/a.yaml\n---\n" + pod, []string{"12:31 " + decimal}},
		{"Windows line ends", "a line is a line", "a.yaml", strings.ReplaceAll(pod, "\n", "\r\n"), []string{"8:31 " + decimal}},
		{"a byte order mark", "it is not a column", "a.yaml", "\ufeff" + pod, []string{"8:31 " + decimal}},
		{"UTF-16", "what PowerShell writes", "a.yaml", utf16le(pod), []string{"8:31 " + decimal}},
		{"a directive", "%YAML belongs to the document after it", "a.yaml", "%YAML 1.1\n---\n" + pod, []string{"10:31 " + decimal}},
		{"an octal mode", "0440 is what YAML 1.1 reads as octal", "a.yaml", strings.ReplaceAll(pod, "440", "0440"), nil},
		{
			"a List", "paths are the item's own", "a.yaml", "apiVersion: v1\nkind: List\nitems:\n- " + strings.ReplaceAll(strings.TrimSpace(pod), "\n", "\n  "),
			[]string{"11:33 " + decimal},
		},
		{
			"a typed list", "items of a PodList need not say what they are", "a.yaml",
			"apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: web}\n  spec:\n    volumes:\n    - {name: tls, secret: {secretName: tls, defaultMode: 440}}\n",
			[]string{"7:45 " + decimal},
		},
		{
			"an alias", "the place is where the text stands", "a.yaml",
			"apiVersion: v1\nkind: Pod\nmetadata:\n  annotations: {a: &n x}\n  name: *n\nspec:\n  volumes:\n  - name: tls\n    secret: &s\n      secretName: tls\n      defaultMode: 440\n  - name: again\n    secret: *s\n",
			[]string{
				"11:7 " + decimal,
				`11:7 secret-mode-decimal spec.volumes[1].secret.defaultMode: secret volume "again": mode 440 is decimal, which is 0670; 0440 was probably meant`,
			},
		},
		{
			"a merge key", "what is merged in is found, what is overridden is not", "a.yaml",
			"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  volumes:\n  - name: other\n    secret: &s\n      secretName: tls\n      defaultMode: 0400\n" +
				"  - name: tls\n    secret:\n      <<: *s\n      defaultMode: 440\n",
			[]string{strings.ReplaceAll("13:7 "+decimal, "volumes[0]", "volumes[1]")},
		},
		{"JSON", "tabs, characters of several bytes and of two code units", "a.json", inJSON, []string{"5:3 " + decimal}},
		{"JSON in a .yaml file", "a JSON file is read as JSON whatever its name", "a.yaml", inJSON, []string{"5:3 " + decimal}},
		{"JSON values one after another", "as kubectl get -o json of several", "a.json", inJSON + inJSON, []string{"5:3 " + decimal, "11:3 " + decimal}},
		{
			"a CronJob's template", "the deepest template", "a.yaml",
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: j}\nspec:\n  schedule: '* * * * *'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n" +
				"          restartPolicy: Never\n          containers: [{name: c, image: c}]\n          volumes:\n          - name: tls\n            secret:\n              defaultMode: 440\n              secretName: s\n",
			[]string{"15:15 " + strings.ReplaceAll(decimal, "spec.vol", "spec.jobTemplate.spec.template.spec.vol")},
		},
		{
			"a parameter", "names of fields may hold dots and slashes", "a.yaml",
			"apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: c}\nprovisioner: csi.example.com\nparameters:\n  a: b\n  csi.storage.k8s.io/node-stage-secret-name: s\n",
			[]string{
				"7:3 secret-ref-incomplete parameters[csi.storage.k8s.io/node-stage-secret-name]: " +
					"parameter csi.storage.k8s.io/node-stage-secret-name has no csi.storage.k8s.io/node-stage-secret-namespace beside it",
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _ := checkText(t, tc.file, tc.content)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestLookupInFiles promises that a claim's class is found in another of the files.
func TestLookupInFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"1.yaml": "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  storageClassName: fast\n  accessModes: [ReadWriteMany]\n" +
			"  resources: {requests: {storage: 1Gi}}\n",
		"2.json": `{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner": "ebs.csi.aws.com", "volumeBindingMode": "WaitForFirstConsumer"}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	result := checkPaths(t, Options{Paths: []string{dir}})
	if len(result.Findings) != 1 || result.Findings[0].Rule != "access-mode-unsupported" || result.Findings[0].Line != 6 || result.Findings[0].Column != 17 {
		t.Errorf("want access-mode-unsupported in line 6, column 17, got %+v", result.Findings)
	}
	alone := checkPaths(t, Options{Paths: []string{filepath.Join(dir, "1.yaml")}})
	if len(alone.Findings) != 0 {
		t.Errorf("a class that no file holds may exist in the cluster, but got %+v", alone.Findings)
	}
	from := checkPaths(t, Options{Paths: []string{filepath.Join(dir, "1.yaml")}, Cluster: clusterOf(t, filepath.Join(dir, "2.json"))})
	if len(from.Findings) != 1 || from.Findings[0].Rule != "access-mode-unsupported" {
		t.Errorf("want access-mode-unsupported with the class from --from, got %+v", from.Findings)
	}
}

// TestNamespaceOfFiles promises that what names no namespace is in the one where kubectl would put it.
func TestNamespaceOfFiles(t *testing.T) {
	_, result := checkText(t, "all.yaml", `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: ebs.csi.aws.com, volumeBindingMode: WaitForFirstConsumer}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: default}, spec: {nodeName: node-1, containers: [{name: c, image: i}],
  volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: other}, spec: {nodeName: node-1, containers: [{name: c, image: i}],
  volumes: [{name: v, persistentVolumeClaim: {claimName: data}}]}}
`)
	found := slices.DeleteFunc(result.Findings, func(f Finding) bool { return f.Rule != "binding-node-name" })
	if len(found) != 1 || found[0].Line != 5 {
		t.Errorf("want binding-node-name on the pod beside the claim, got %+v", result.Findings)
	}
}

// TestVariantsOfOneName promises silence where the files hold several objects of one name that are not alike: a repository with
// a class "fast" for each of two clouds, and claims of both.
func TestVariantsOfOneName(t *testing.T) {
	const class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: fast}\nvolumeBindingMode: WaitForFirstConsumer\nprovisioner: "
	const claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {storageClassName: fast, accessModes: [ReadWriteMany], resources: {requests: {storage: 1Gi}}}\n"
	for name, tc := range map[string]struct {
		provisioners []string
		want         int
	}{
		"alike":     {[]string{"ebs.csi.aws.com", "ebs.csi.aws.com"}, 1},
		"not alike": {[]string{"ebs.csi.aws.com", "filestore.csi.storage.gke.io", "ebs.csi.aws.com"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			text := claim
			for _, p := range tc.provisioners {
				text += "---\n" + class + p + "\n"
			}
			if lines, _ := checkText(t, "a.yaml", text); len(lines) != tc.want {
				t.Errorf("want %d findings, got %q", tc.want, lines)
			}
		})
	}
}

// FuzzYAML promises that YAML means what it means to kubectl and the API server, which read it with sigs.k8s.io/yaml.
func FuzzYAML(f *testing.F) {
	f.Add(pod)
	f.Add("a: [y, Y, n, N, yes, No, on, OFF, true, ~, null, Null, '', .inf, .5, 1e3, 1_000, 0644, 0o644, 0x1F, 0b11, -0b11, +1, 1., 12e03, -.5e-3]")
	f.Add("a: [2001-12-14, 2001-12-14t21:59:43.10-05:00, 190:20:30, 18446744073709551615, 1e400, 1.0, 123456789012345678901234567890, '1', !!str 1]")
	f.Add("1: a\ntrue: b\n~: c\nyes: d\n0x10: e\n1.5: f\n\"y\": g\n")
	f.Add("a: &a {x: 1, z: 0}\nb: {y: 2, <<: *a, x: 3}\nc:\n  <<: [*a, {x: 5, w: 6}]\n")
	f.Add("a: |\n  x\n  y\nb: >-\n  x\n  y\nc: 'it''s'\nd: \"\\u00e9\\n\"\n")
	f.Fuzz(func(t *testing.T, content string) {
		reference, err := yaml.YAMLToJSON([]byte(content))
		if err != nil || strings.ContainsRune(content, '!') {
			// The two libraries differ about tags without a name, which nobody writes.
			return
		}
		documents, end := yamlDocuments(chunk{content: []byte(content)}, newExpansion())
		if len(documents) == 0 || end != nil || len(documents[0].flaws) > 0 {
			return
		}
		var want, got any
		if err := json.Unmarshal(reference, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(documents[0].root.appendJSON(nil, nil), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-sigs.k8s.io/yaml +ours):\n%s", content, diff)
		}
	})
}

// FuzzParse promises that no text makes the reading panic, and that what is read as JSON has the meaning that encoding/json
// gives it.
func FuzzParse(f *testing.F) {
	f.Add(pod)
	f.Add("a: &a [*a]")
	f.Add("a: &a {x: 1}\nb: {<<: [*a, *a], <<: *a, y: !!str 1, ? [z] : 0}")
	f.Add(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":1},"spec":{"volumes":[{"name":"x","source":{}}]}}`)
	f.Add("--- x\n...\n%YAML 1.1\n--- |\n y\n")
	f.Add("kind: PodList\napiVersion: v1\nitems: [1, {}, null, {spec: {volumes: 3}}]")
	f.Add("kind: Pod\napiVersion: v1beta1\ndesiredState: {manifest: {volumes: [{source: {hostDir: 1}}, 2]}}")
	f.Fuzz(func(t *testing.T, content string) {
		parse("a.yaml", []byte(content), false)
		documents, end := jsonDocuments([]byte(content))
		if !json.Valid([]byte(content)) {
			return
		}
		if len(documents) != 1 {
			t.Fatalf("valid JSON was read as %d documents with %v", len(documents), end)
		}
		var want, got any
		if json.Unmarshal([]byte(content), &want) != nil {
			return
		}
		if err := json.Unmarshal(documents[0].root.appendJSON(nil, nil), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-encoding/json +ours):\n%s", diff)
		}
	})
}
