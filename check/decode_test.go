// SPDX-License-Identifier: Apache-2.0

package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decodeFindings returns what the rule decode, and the one about old snapshots, say of a text.
func decodeFindings(t *testing.T, content string) []string {
	t.Helper()
	all, _ := checkText(t, "a.yaml", content)
	return slices.DeleteFunc(all, func(line string) bool {
		return !strings.Contains(line, " decode ") && !strings.Contains(line, " snapshot-removed-version ")
	})
}

func TestDecode(t *testing.T) {
	const podHead = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	const claimHead = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\n"
	const deploymentHead = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {}\n"
	for _, tc := range []struct {
		name, reason, content string
		want                  []string
	}{
		{
			"a misspelt source", "the nearest name", podHead + "  volumes:\n  - {name: v, emptydir: {}}\n",
			[]string{`6:15 decode spec.volumes[0].emptydir: unknown field "emptydir"; did you mean emptyDir?`},
		},
		{
			"part of a name", "name in a secret is secretName", podHead + "  volumes:\n  - {name: v, secret: {name: s}}\n",
			[]string{`6:24 decode spec.volumes[0].secret.name: unknown field "name"; did you mean secretName?`},
		},
		{
			"too far out", "the source was left out", podHead + "  volumes:\n  - {name: v, claimName: c}\n",
			[]string{`6:15 decode spec.volumes[0].claimName: unknown field "claimName"; it belongs to persistentVolumeClaim`},
		},
		{
			"too far in", "volumes are the pod's", podHead + "  containers:\n  - name: c\n    volumes: []\n",
			[]string{`7:5 decode spec.containers[0].volumes: unknown field "volumes"; it belongs to spec`},
		},
		{
			"without a template", "a Deployment's containers are the template's", deploymentHead + "  containers: []\n",
			[]string{`6:3 decode spec.containers: unknown field "containers"; it belongs to template.spec`},
		},
		{
			"at the left edge", "a field of the spec", claimHead + "storageClassName: fast\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n",
			[]string{`4:1 decode storageClassName: unknown field "storageClassName"; it belongs to spec`},
		},
		{
			"wrong types", "a list, a string, a number, a quantity and a map's value",
			"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c, labels: {a: 1}}\nspec:\n  accessModes: ReadWriteOnce\n  volumeName: 5\n" +
				"  resources: {requests: {storage: 1 Gi}}\n",
			[]string{
				"3:33 decode metadata.labels[a]: the value is a number, and must be a string",
				"5:16 decode spec.accessModes: the value is a string, and must be a list",
				"6:15 decode spec.volumeName: the value is a number, and must be a string",
				`7:35 decode spec.resources.requests[storage]: "1 Gi" is not a quantity; did you mean 1Gi?`,
			},
		},
		{
			"a field twice", "the last one counts", claimHead + "spec:\n  accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n  accessModes: [ReadWriteMany]\n",
			[]string{`7:3 decode : field "accessModes" occurs twice; the first is in line 5`},
		},
		{
			"a field twice elsewhere", "an object of no concern here, and a document that is none",
			"apiVersion: v1\nkind: Service\nmetadata: {name: s, name: s}\n---\na: 1\na: 2\n", nil,
		},
		{
			"a merge key overridden", "that is what merge keys are for",
			podHead + "  volumes:\n  - &v {name: a, emptyDir: {}}\n  - {<<: *v, name: b}\n", nil,
		},
		{
			"an unknown field under an alias", "where the text stands, for each place where it counts",
			podHead + "  volumes:\n  - name: a\n    secret: &s {secretNam: x}\n  - name: b\n    secret: *s\n",
			[]string{
				`7:17 decode spec.volumes[0].secret.secretNam: unknown field "secretNam"; did you mean secretName?`,
				`7:17 decode spec.volumes[1].secret.secretNam: unknown field "secretNam"; did you mean secretName?`,
			},
		},
		{
			"the first API", "a pod of v1beta1, its volume, and what both are today",
			"id: p\nkind: Pod\napiVersion: v1beta1\ndesiredState:\n  manifest:\n    volumes:\n      - name: v\n        source:\n          hostDir: {path: /v}\n",
			[]string{
				"3:1 decode apiVersion: Pod of v1beta1 belongs to the API before Kubernetes 1.0, which no API server reads; it has id and desiredState " +
					"where v1 has metadata.name and spec",
				"8:9 decode desiredState.manifest.volumes[0].source: source: {hostDir: …} is how v1beta1 wrote a volume's source, and that API is long gone",
			},
		},
		{
			"a controller of the first API", "of a kind that there are no rules for, with a pod in it",
			"id: r\nkind: ReplicationController\napiVersion: v1beta1\ndesiredState:\n  podTemplate:\n    desiredState:\n      manifest:\n        volumes:\n" +
				"        - name: v\n          source: {emptyDir: {}}\n",
			[]string{
				"3:1 decode apiVersion: ReplicationController of v1beta1 belongs to the API before Kubernetes 1.0, which no API server reads; it has id and " +
					"desiredState where v1 has metadata.name and spec",
				"10:11 decode desiredState.podTemplate.desiredState.manifest.volumes[0].source: source: {emptyDir: …} is how v1beta1 wrote a volume's " +
					"source, and that API is long gone",
			},
		},
		{
			"an old source in a new pod", "the head was brought up to date", podHead + "  volumes:\n  - name: v\n    source: {persistentDisk: {pdName: d}}\n",
			[]string{
				`7:5 decode spec.volumes[0].source: unknown field "source": source: {persistentDisk: …} is how v1beta1 wrote a volume's source, and ` +
					"that API is long gone",
			},
		},
		{
			"versions that are gone", "with the release", "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: d}\n---\n" +
				"apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: c}\n---\napiVersion: storage.k8s.io/v1beta1\nkind: StorageClass\nmetadata: {name: s}\n",
			[]string{
				"1:1 decode apiVersion: Deployment of extensions/v1beta1 is no longer served since Kubernetes 1.16",
				"5:1 decode apiVersion: CronJob of batch/v1beta1 is no longer served since Kubernetes 1.25",
				"9:1 decode apiVersion: StorageClass of storage.k8s.io/v1beta1 is no longer served since Kubernetes 1.22",
			},
		},
		{
			"a wrong group", "no server has it", "apiVersion: v1\nkind: Deployment\nmetadata: {name: d}\n",
			[]string{"1:1 decode apiVersion: no API server serves Deployment of v1"},
		},
		{
			"a misspelt kind", "in a group of Kubernetes' own", "apiVersion: v1\nkind: PersistentVolumeClaims\nmetadata: {name: d}\n",
			[]string{`2:1 decode kind: v1 has no kind "PersistentVolumeClaims"; did you mean PersistentVolumeClaim?`},
		},
		{
			"kinds of version v1 that are none of Kubernetes' own", "a kubeconfig, and what OpenShift had before it had groups",
			"apiVersion: v1\nkind: Config\nclusters: []\n---\napiVersion: v1\nkind: Config\nmetadata: {}\n---\n" +
				"apiVersion: v1\nkind: PodSecurityPolicyReview\nmetadata: {name: r}\n", nil,
		},
		{
			"kinds of others", "somebody else's Deployment, and Kubernetes' own kinds without rules",
			"apiVersion: apps.example.com/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {x: 1}\n---\napiVersion: v1\nkind: LimitRange\nmetadata: {name: d}\nlimits: 1\n", nil,
		},
		{
			"a template", "said once, and not for each of its braces", podHead + "  priority: {{ x }}\n  volumes: {{ y }}\n",
			[]string{
				"5:14 decode : not YAML: a field's name must be a string; this looks like a template: check what it renders to, such as with " +
					"'helm template . | moorage check -f -'",
			},
		},
		{
			"a format", "somebody fills in the rest", podHead + "  priority: %d\n",
			[]string{
				"5:3 decode : not YAML: found character that cannot start any token; this looks like a template: check what it renders to, such as with " +
					"'helm template . | moorage check -f -'",
			},
		},
		{
			"a part of an object", "other programs have kinds too", "kind: Pod\nname: p\npatch: {}\n", nil,
		},
		{
			"an object without a version", "somebody meant it", "kind: Pod\nmetadata: {name: p}\nspec: {}\n", []string{"1:1 decode : Pod without an apiVersion"},
		},
		{
			"a fault in one document", "hides no other", "apiVersion: v1\nkind: Pod\n\tx: y\n---\n" + podHead + "  volume: []\n",
			[]string{
				"3:1 decode : not YAML: found a tab character that violates indentation; YAML is not indented with tabs",
				`9:3 decode spec.volume: unknown field "volume"; did you mean volumes?`,
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, decodeFindings(t, tc.content), cmp.Transformer("nil", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// TestUnknownSourceBecomesEmptyDir promises that it is said where data would silently be lost, and only there.
func TestUnknownSourceBecomesEmptyDir(t *testing.T) {
	const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  volumes:\n  - name: v\n"
	for volume, want := range map[string]bool{
		"    hostpath: {path: /v}\n":                true,
		"    source: {hostDir: {path: /v}}\n":       true,
		"    hostDir: {path: /v}\n":                 true,
		"    hostPath: {pathh: /v}\n":               false,
		"    emptyDir: {}\n    readOnly: true\n":    false,
		"    hostPath: null\n    hostpath: {}\n":    true,
		"    secret: {secretName: s, default: 1}\n": false,
	} {
		_, result := checkText(t, "a.yaml", head+volume)
		if len(result.Findings) != 1 || strings.Contains(result.Findings[0].Symptom, "emptyDir") != want {
			t.Errorf("%swant one finding, about an emptyDir: %t; got %+v", volume, want, result.Findings)
		}
	}
}

// TestDirectories promises what is read of a directory, and what is counted instead.
func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	const fault = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {volume: []}\n"
	for name, content := range map[string]string{
		"a.yaml":                                fault,
		"b.YML":                                 fault,
		"c.json":                                `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"volume": []}}`,
		"notes.md":                              "no manifest",
		"tsconfig.json":                         "{ // with a comment\n}",
		"half.yaml":                             "apiVersion: v1\nkind: Pod\nmetadata: {",
		"jinja/pod.yaml":                        "apiVersion: v1\nkind: Pod\n{% if x %}\nmetadata: {}\n",
		"go/pod.yaml":                           "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .x }}}\n",
		"swagger.json":                          `{"properties": {"kind": {"type": "string"}, "apiVersion": {"type": "string"},}}`,
		"chart/Chart.yaml":                      "apiVersion: v2\nname: chart\n",
		"chart/values.yaml":                     "a: 1\na: 2\n",
		"chart/templates/pod.yaml":              "apiVersion: v1\nkind: Pod\nmetadata: {{ .x }}\n",
		"chart/crds/x.yaml":                     fault,
		"chart/charts/sub/Chart.yaml":           "apiVersion: v2\nname: sub\n",
		"chart/charts/sub/templates/x/pod.yaml": fault,
		"templates/pod.yaml":                    fault,
		"overlay/kustomization.yaml":            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\npatches: [{path: pod.yaml}, {patch: \"- op: x\\n\"}]\npatchesStrategicMerge: [../old.yaml]\n",
		"overlay/pod.yaml":                      fault,
		"old.yaml":                              fault,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	result := checkPaths(t, Options{Paths: []string{"."}})
	var found []string
	for _, f := range result.Findings {
		found = append(found, f.File)
	}
	if diff := cmp.Diff([]string{"a.yaml", "b.YML", "c.json", "chart/crds/x.yaml", "half.yaml", "templates/pod.yaml"}, found); diff != "" {
		t.Errorf("files with findings (-want +got):\n%s", diff)
	}
	want := Skipped{
		Files: 2, Patches: 2, Charts: []string{"chart/charts/sub", "chart"}, Kinds: map[string]int{},
		Templates:  []string{"go/pod.yaml", "jinja/pod.yaml"},
		Unreadable: []string{"swagger.json", "tsconfig.json"},
		// Two charts, values, and two JSON files of something else.
		Documents: 5,
	}
	if diff := cmp.Diff(want, result.Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	for path, want := range map[string]int{"chart/templates/pod.yaml": 1, "tsconfig.json": 1, "overlay/pod.yaml": 1, "chart/charts/sub/templates/x": 0} {
		if got := len(checkPaths(t, Options{Paths: []string{path}}).Findings); got != want {
			t.Errorf("%s, which is named: %d findings, want %d", path, got, want)
		}
	}
	for _, paths := range [][]string{{".", "overlay/pod.yaml"}, {"overlay/pod.yaml", "."}, {"overlay", "./overlay/pod.yaml"}} {
		result := checkPaths(t, Options{Paths: paths})
		if !slices.ContainsFunc(result.Findings, func(f Finding) bool { return filepath.Clean(f.File) == "overlay/pod.yaml" }) {
			t.Errorf("%q: the patch is named, and was not checked", paths)
		}
	}
}
