// SPDX-License-Identifier: Apache-2.0

// Package manifests feeds a topology.Cache from files: the embedded mode of serve, the what-if of the command line, and
// tests.
//
// It reads YAML and JSON, many documents to a file, and lists (v1 List and the typed lists, such as NodeList). Kinds that
// the cache does not read are skipped and counted, and so are files that end neither in .yaml, .yml nor .json. A file that
// cannot be parsed is an error that names the file and the document: a picture of a cluster that is silently incomplete
// would give wrong answers.
package manifests

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/topology"
)

// Result tells what was read.
type Result struct {
	// Files is the number of files read, and SkippedFiles those left out for their ending.
	Files, SkippedFiles int
	// Objects is the number of objects read, by kind.
	Objects map[topology.Kind]int
	// SkippedKinds is the number of objects of kinds that the cache does not read, by kind.
	SkippedKinds map[string]int
	// Repeated names objects that occur more than once; the last one read counts.
	Repeated []string
}

// Load reads the paths (files, folders and their subfolders) and makes their objects the whole content of the cache: every
// kind is then synced. On an error the cache is as it was.
func Load(into *topology.Cache, paths ...string) (Result, error) {
	objects, result, err := Read(paths...)
	if err != nil {
		return result, err
	}
	for _, kind := range slices.Concat(topology.Kinds, topology.OptionalKinds) {
		list := make([]metav1.Object, 0, len(objects[kind]))
		for _, o := range objects[kind] {
			list = append(list, o)
		}
		if err := into.Replace(kind, list); err != nil {
			return result, err
		}
	}
	return result, nil
}

// Read reads the paths and returns their objects by kind and key.
func Read(paths ...string) (map[topology.Kind]map[topology.Key]metav1.Object, Result, error) {
	r := &reader{
		decode:  serializer.NewCodecFactory(known).UniversalDeserializer(),
		objects: map[topology.Kind]map[topology.Key]metav1.Object{},
		result:  Result{Objects: map[topology.Kind]int{}, SkippedKinds: map[string]int{}},
	}
	for _, path := range paths {
		if err := r.path(path); err != nil {
			return nil, r.result, err
		}
	}
	for kind, objects := range r.objects {
		r.result.Objects[kind] = len(objects)
	}
	slices.Sort(r.result.Repeated)
	return r.objects, r.result, nil
}

// known are the kinds of Kubernetes itself, which is more than the cache reads and tells what is skipped, and of snapshots.
var known = func() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(scheme.AddToScheme(s))
	utilruntime.Must(snapshotv1.AddToScheme(s))
	return s
}()

type reader struct {
	decode  runtime.Decoder
	objects map[topology.Kind]map[topology.Key]metav1.Object
	result  Result
}

func (r *reader) path(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("read manifests: %w", err)
	}
	if !info.IsDir() {
		return r.file(path)
	}
	return filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read manifests: %w", err)
		case entry.IsDir():
			return nil
		case !hasManifestEnding(path):
			r.result.SkippedFiles++
			return nil
		default:
			return r.file(path)
		}
	})
}

func hasManifestEnding(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".yaml", ".yml", ".json":
		return true
	default:
		return false
	}
}

func (r *reader) file(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read manifests: %w", err)
	}
	r.result.Files++
	if strings.EqualFold(filepath.Ext(path), ".json") {
		return r.jsonDocuments(path, content)
	}
	split := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for n := 1; ; n++ {
		document, err := split.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read manifests: %s, document %d: %w", path, n, err)
		}
		// JSON is YAML, and much quicker to read as what it is.
		if !json.Valid(document) {
			if document, err = yaml.YAMLToJSON(document); err != nil {
				return fmt.Errorf("read manifests: %s, document %d is not YAML: %w", path, n, err)
			}
		}
		if err := r.document(document); err != nil {
			return fmt.Errorf("read manifests: %s, document %d: %w", path, n, err)
		}
	}
}

func (r *reader) jsonDocuments(path string, content []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(content))
	for n := 1; ; n++ {
		var document json.RawMessage
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read manifests: %s, document %d is not JSON: %w", path, n, err)
		}
		if err := r.document(document); err != nil {
			return fmt.Errorf("read manifests: %s, document %d: %w", path, n, err)
		}
	}
}

// document takes one JSON document; null, which an empty YAML document becomes, is none.
func (r *reader) document(document []byte) error {
	if bytes.Equal(bytes.TrimSpace(document), []byte("null")) {
		return nil
	}
	var head struct {
		metav1.TypeMeta `json:",inline"`
		Items           []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(document, &head); err != nil {
		return fmt.Errorf("not an API object: %w", err)
	}
	if head.Kind == "" || head.APIVersion == "" {
		return errors.New("not an API object: it has no apiVersion or no kind")
	}
	if head.Kind == "List" {
		for i, item := range head.Items {
			if err := r.document(item); err != nil {
				return fmt.Errorf("item %d: %w", i+1, err)
			}
		}
		return nil
	}
	object, _, err := r.decode.Decode(document, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		r.result.SkippedKinds[head.Kind]++
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", head.Kind, err)
	}
	if meta.IsListType(object) {
		return meta.EachListItem(object, func(item runtime.Object) error { return r.add(item, "") })
	}
	return r.add(object, head.Kind)
}

func (r *reader) add(object runtime.Object, kindName string) error {
	kind, ok := topology.KindOf(object)
	if !ok {
		if kindName == "" {
			kindName = kindOfItem(object)
		}
		r.result.SkippedKinds[kindName]++
		return nil
	}
	o, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	if o.GetName() == "" {
		return fmt.Errorf("%s has no metadata.name", kind)
	}
	if Namespaced(kind) && o.GetNamespace() == "" {
		o.SetNamespace(metav1.NamespaceDefault)
	}
	key := topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}
	if r.objects[kind] == nil {
		r.objects[kind] = map[topology.Key]metav1.Object{}
	}
	if _, ok := r.objects[kind][key]; ok {
		r.result.Repeated = append(r.result.Repeated, fmt.Sprintf("%s %s", kind, key))
	}
	r.objects[kind][key] = o
	return nil
}

// Namespaced tells whether objects of the kind are in a namespace.
func Namespaced(kind topology.Kind) bool {
	return kind == topology.KindClaim || kind == topology.KindPod || kind == topology.KindPool || kind == topology.KindVolumeSnapshot
}

func kindOfItem(object runtime.Object) string {
	kinds, _, err := known.ObjectKinds(object)
	if err != nil || len(kinds) == 0 {
		return "unknown"
	}
	return kinds[0].Kind
}
