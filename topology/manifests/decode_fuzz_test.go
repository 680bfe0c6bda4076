// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"os"
	"path/filepath"
	"testing"

	json2 "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// FuzzReadersAgree holds the fast reader of JSON against the API server's own: whatever document the fast one takes, the
// other takes too, and both find the same in it.
func FuzzReadersAgree(f *testing.F) {
	files, err := filepath.Glob("../../examples/*/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("find the examples: %v, %v", files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		documents, _ := yamlDocuments(data, true)
		for _, document := range documents {
			if document, err = yaml.YAMLToJSON(document); err == nil {
				f.Add(document)
			}
		}
	}
	for _, document := range []string{
		`{"metadata":{"name":"a","Name":"b","name":"c"}}`,
		`{"METADATA":{"name":"a"},"metadata":null,"spec":null,"status":{"phase":""}}`,
		`{"metadata":{"creationTimestamp":"2026-01-02T03:04:05Z","labels":{},"finalizers":[],"ownerReferences":null}}`,
		`{"spec":{"volumes":[{"name":"a","emptyDir":{"sizeLimit":1.5}},null]}}`,
		`{"spec":{"capacity":{"storage":"1Gi"},"nodeAffinity":{"required":{"nodeSelectorTerms":[{}]}}}}`,
		`{"spec":{"containers":[{"ports":[{"containerPort":1e2}],"livenessProbe":{"httpGet":{"port":"http"}}}]}}`,
		`{"allocatable":{"count":9223372036854775808}}`,
		"{\"metadata\":{\"name\":\"\xff\"}}",
		`{"a":1} {"b":2}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		for _, fresh := range []func() runtime.Object{
			func() runtime.Object { return &corev1.Pod{} },
			func() runtime.Object { return &corev1.Node{} },
			func() runtime.Object { return &corev1.PersistentVolume{} },
			func() runtime.Object { return &corev1.PersistentVolumeClaim{} },
			func() runtime.Object { return &storagev1.CSINode{} },
			func() runtime.Object { return &storagev1.CSIStorageCapacity{} },
			func() runtime.Object { return &storagev1.StorageClass{} },
			func() runtime.Object { return &storagev1.VolumeAttachment{} },
		} {
			got, want := fresh(), fresh()
			if json2.Unmarshal(document, got) != nil {
				continue
			}
			if err := kjson.UnmarshalCaseSensitivePreserveInts(document, want); err != nil {
				t.Fatalf("as %T %q is taken, and the API server's reader says: %v", got, document, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("as %T %q is read otherwise (-want +got):\n%s", got, document, diff)
			}
		}
	})
}
