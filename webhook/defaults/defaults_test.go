// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"encoding/json"
	"strings"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

func claimFrom(t fataler, raw string) *corev1.PersistentVolumeClaim {
	t.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	if err := json.Unmarshal([]byte(raw), claim); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
	return claim
}

// fataler is what testing.T and rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// apply runs the defaults on raw JSON and returns the patched JSON and the patch.
func apply(t fataler, raw, old string) (string, Result) {
	t.Helper()
	d, err := NewDefaulter(nil)
	if err != nil {
		t.Fatalf("%v", err)
	}
	in := Input{Object: claimFrom(t, raw)}
	if old != "" {
		in.Old = claimFrom(t, old)
	}
	before := in.Object.DeepCopyObject()
	result, err := d.Apply(rules.PersistentVolumeClaim, in, []byte(raw))
	if err != nil {
		t.Fatalf("apply to %s: %v", raw, err)
	}
	if diff := cmp.Diff(before, in.Object); diff != "" {
		t.Fatalf("a default must not change its input (-before +after):\n%s", diff)
	}
	if result.Operations == nil {
		return raw, result
	}
	operations, err := json.Marshal(result.Operations)
	if err != nil {
		t.Fatalf("%v", err)
	}
	patch, err := jsonpatch.DecodePatch(operations)
	if err != nil {
		t.Fatalf("%v", err)
	}
	patched, err := patch.Apply([]byte(raw))
	if err != nil {
		t.Fatalf("apply %s to %s: %v", operations, raw, err)
	}
	return string(patched), result
}

const annotated = `{"metadata":{"annotations":{"volume.beta.kubernetes.io/storage-class":"fast"}},"spec":{"accessModes":["ReadWriteOnce"]}}`

func with(old, replacement string) string {
	if !strings.Contains(annotated, old) {
		panic("the case changes nothing: " + old)
	}
	return strings.Replace(annotated, old, replacement, 1)
}

func TestClassFromBetaAnnotation(t *testing.T) {
	for _, tc := range []struct {
		name, reason, object, old string
		want                      string
	}{
		{name: "unset", reason: "the ordinary old manifest", object: annotated, want: `[{"op":"add","path":"/spec/storageClassName","value":"fast"}]`},
		{name: "null", reason: "a null field is unset", object: with(`"spec":{`, `"spec":{"storageClassName":null,`), want: `[{"op":"replace","path":"/spec/storageClassName","value":"fast"}]`},
		{name: "no spec", reason: "the API server will complain of the modes, not of our patch", object: with(`,"spec":{"accessModes":["ReadWriteOnce"]}`, ``), want: `[{"op":"add","path":"/spec","value":{"storageClassName":"fast"}}]`},
		{name: "empty annotation", reason: "no class means no class in both places", object: with(`"fast"`, `""`), want: `[{"op":"add","path":"/spec/storageClassName","value":""}]`},
		{name: "replaced with the same manifest", reason: "the stored claim got its class from here", object: annotated, old: with(`"spec":{`, `"spec":{"storageClassName":"fast",`), want: `[{"op":"add","path":"/spec/storageClassName","value":"fast"}]`},
		{name: "an old claim is updated", reason: "the API server accepts exactly this upgrade", object: annotated, old: annotated, want: `[{"op":"add","path":"/spec/storageClassName","value":"fast"}]`},

		{name: "set to the same", reason: "nothing to do", object: with(`"spec":{`, `"spec":{"storageClassName":"fast",`), want: `null`},
		{name: "set to another", reason: "a contradiction is for the author to solve", object: with(`"spec":{`, `"spec":{"storageClassName":"slow",`), want: `null`},
		{name: "explicitly no class", reason: "an empty field is set", object: with(`"spec":{`, `"spec":{"storageClassName":"",`), want: `null`},
		{name: "no annotation", reason: "the default class is the API server's business", object: with(`volume.beta.kubernetes.io/storage-class`, `example.com/storage-class`), want: `null`},
		{name: "the provisioner annotation", reason: "its name is alike and its meaning is another", object: with(`volume.beta.kubernetes.io/storage-class`, `volume.beta.kubernetes.io/storage-provisioner`), want: `null`},
		{name: "being deleted", reason: "only finalizers change now", object: with(`"metadata":{`, `"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z",`), old: annotated, want: `null`},
		{name: "the annotation changes", reason: "the API server refuses it and should say why", object: annotated, old: with(`"fast"`, `"slow"`), want: `null`},
		{name: "the stored class is another", reason: "the class is immutable", object: annotated, old: with(`"spec":{`, `"spec":{"storageClassName":"slow",`), want: `null`},
		{name: "the annotation is new", reason: "it may not be added later", object: annotated, old: with(`volume.beta.kubernetes.io/storage-class`, `x`), want: `null`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, result := apply(t, tc.object, tc.old)
			got, err := json.Marshal(result.Operations)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if named := len(result.Applied) == 1; named != (tc.want != "null") {
				t.Errorf("applied defaults are named %v", result.Applied)
			}
		})
	}
}

func TestUnknownFieldsSurvive(t *testing.T) {
	const raw = `{"kind":"PersistentVolumeClaim","future":{"a":[1,{"b":null}]},"metadata":{"name":"x","later":true,` +
		`"annotations":{"volume.beta.kubernetes.io/storage-class":"fast"}},` +
		`"spec":{"accessModes":["ReadWriteOnce"],"novelty":{"deep":{"er":1.5}},"resources":{"requests":{"storage":"1Gi"},"wishes":9007199254740993}}}`
	patched, _ := apply(t, raw, "")
	want := strings.Replace(raw, `"novelty"`, `"storageClassName":"fast","novelty"`, 1)
	var wantDoc, gotDoc map[string]json.RawMessage
	decodeNumbers(t, want, &wantDoc)
	decodeNumbers(t, patched, &gotDoc)
	for key, value := range wantDoc {
		if diff := cmp.Diff(canonical(t, value), canonical(t, gotDoc[key])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if len(wantDoc) != len(gotDoc) {
		t.Errorf("want %d fields, got %d", len(wantDoc), len(gotDoc))
	}
}

func decodeNumbers(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
}

func canonical(t *testing.T, raw json.RawMessage) string {
	t.Helper()
	var v any
	decodeNumbers(t, string(raw), &v)
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestTwiceIsOnce(t *testing.T) {
	classes := []string{`"fast"`, `""`, `"slow"`}
	rapid.Check(t, func(t *rapid.T) {
		var metadata, spec []string
		if rapid.Bool().Draw(t, "annotated") {
			metadata = append(metadata, `"annotations":{"volume.beta.kubernetes.io/storage-class":`+rapid.SampledFrom(classes).Draw(t, "annotation")+`}`)
		}
		if rapid.Bool().Draw(t, "class") {
			spec = append(spec, `"storageClassName":`+rapid.SampledFrom(append(classes, "null")).Draw(t, "field"))
		}
		if rapid.Bool().Draw(t, "unknown") {
			spec = append(spec, `"novelty":[{"a/b~c":1}]`)
		}
		raw := `{"metadata":{` + strings.Join(metadata, ",") + `}`
		if rapid.Bool().Draw(t, "spec") {
			raw += `,"spec":{` + strings.Join(spec, ",") + `}`
		}
		raw += `}`
		old := ""
		if rapid.Bool().Draw(t, "update") {
			old = raw
		}
		once, _ := apply(t, raw, old)
		twice, again := apply(t, once, old)
		if twice != once || len(again.Applied) != 0 {
			t.Fatalf("applied to %s: once %s, twice %s", raw, once, twice)
		}
	})
}

func TestSwitches(t *testing.T) {
	d, err := NewDefaulter(map[string]bool{"class-from-beta-annotation": false})
	if err != nil {
		t.Fatal(err)
	}
	result, err := d.Apply(rules.PersistentVolumeClaim, Input{Object: claimFrom(t, annotated)}, []byte(annotated))
	if err != nil || result.Operations != nil {
		t.Errorf("switched off, yet %+v, %v", result, err)
	}
	_, err = NewDefaulter(map[string]bool{"class-from-beta": true})
	if err == nil || !strings.Contains(err.Error(), "did you mean class-from-beta-annotation?") {
		t.Errorf("got %v", err)
	}
}

func TestPatchSet(t *testing.T) {
	const raw = `{"spec":{"volumes":[{"secret":{"defaultMode":420}}],"name":"x"},"metadata":{"labels":{"a/b~c":"1"}}}`
	for _, tc := range []struct {
		name  string
		value any
		path  []string
		want  string
	}{
		{"replaces inside a list", 288, []string{"spec", "volumes", "0", "secret", "defaultMode"}, `{"op":"replace","path":"/spec/volumes/0/secret/defaultMode","value":288}`},
		{"makes missing parents in one operation", "v", []string{"spec", "affinity", "node", "x"}, `{"op":"add","path":"/spec/affinity","value":{"node":{"x":"v"}}}`},
		{"escapes", "2", []string{"metadata", "labels", "a/b~c"}, `{"op":"replace","path":"/metadata/labels/a~1b~0c","value":"2"}`},
		{"refuses an index that is not there", 1, []string{"spec", "volumes", "1", "secret"}, "there is no item"},
		{"refuses to go through a string", 1, []string{"spec", "name", "x"}, "neither an object nor a list"},
		{"refuses an empty path", 1, nil, "empty"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := newPatch([]byte(raw))
			if err := p.Set(tc.value, tc.path...); err != nil {
				if !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got error %v, want one that says %q", err, tc.want)
				}
				return
			}
			got, err := json.Marshal(p.operations[0])
			if err != nil {
				t.Fatal(err)
			}
			var wantDoc, gotDoc map[string]any
			decodeNumbers(t, tc.want, &wantDoc)
			decodeNumbers(t, string(got), &gotDoc)
			if diff := cmp.Diff(wantDoc, gotDoc); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
