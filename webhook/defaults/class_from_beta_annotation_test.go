// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"strings"
	"testing"
)

const annotated = `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"annotations":{"volume.beta.kubernetes.io/storage-class":"fast"}},"spec":{"accessModes":["ReadWriteOnce"]}}`

func with(old, replacement string) string {
	if !strings.Contains(annotated, old) {
		panic("the case changes nothing: " + old)
	}
	return strings.Replace(annotated, old, replacement, 1)
}

func TestClassFromBetaAnnotation(t *testing.T) {
	runPatches(t, classFromBetaAnnotationDefault.Name, Settings{}, nil, []patchCase{
		{name: "unset", reason: "the ordinary old manifest", object: annotated, want: `[{"op":"add","path":"/spec/storageClassName","value":"fast"}]`},
		{name: "null", reason: "a null field is unset", object: with(`"spec":{`, `"spec":{"storageClassName":null,`), want: `[{"op":"replace","path":"/spec/storageClassName","value":"fast"}]`},
		{name: "no spec", reason: "the API server will complain of the modes, not of our patch", object: with(`,"spec":{"accessModes":["ReadWriteOnce"]}`, ``), want: `[{"op":"add","path":"/spec","value":{"storageClassName":"fast"}}]`},
		{name: "empty annotation", reason: "no class means no class in both places", object: with(`"fast"`, `""`), want: `[{"op":"add","path":"/spec/storageClassName","value":""}]`},
		{name: "replaced with the same manifest", reason: "the stored claim got its class from here", object: annotated, old: with(`"spec":{`, `"spec":{"storageClassName":"fast",`), want: `[{"op":"add","path":"/spec/storageClassName","value":"fast"}]`},
		{name: "an old claim is updated", reason: "the API server accepts exactly this upgrade", object: annotated, old: annotated, want: `[{"op":"add","path":"/spec/storageClassName","value":"fast"}]`},

		{name: "set to the same", reason: "nothing to do", object: with(`"spec":{`, `"spec":{"storageClassName":"fast",`)},
		{name: "set to another", reason: "a contradiction is for the author to solve", object: with(`"spec":{`, `"spec":{"storageClassName":"slow",`)},
		{name: "explicitly no class", reason: "an empty field is set", object: with(`"spec":{`, `"spec":{"storageClassName":"",`)},
		{name: "no annotation", reason: "the default class is the API server's business", object: with(`volume.beta.kubernetes.io/storage-class`, `example.com/storage-class`)},
		{name: "the provisioner annotation", reason: "its name is alike and its meaning is another", object: with(`volume.beta.kubernetes.io/storage-class`, `volume.beta.kubernetes.io/storage-provisioner`)},
		{name: "being deleted", reason: "only finalizers change now", object: with(`"metadata":{`, `"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z",`), old: annotated},
		{name: "the annotation changes", reason: "the API server refuses it and should say why", object: annotated, old: with(`"fast"`, `"slow"`)},
		{name: "the stored class is another", reason: "the class is immutable", object: annotated, old: with(`"spec":{`, `"spec":{"storageClassName":"slow",`)},
		{name: "the annotation is new", reason: "it may not be added later", object: annotated, old: with(`volume.beta.kubernetes.io/storage-class`, `x`)},
	})
}
