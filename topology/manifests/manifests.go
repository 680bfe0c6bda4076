// SPDX-License-Identifier: Apache-2.0

// Package manifests feeds a topology.Cache from files: the embedded mode of serve, the what-if of the command line, and
// tests.
//
// It reads YAML and JSON, compressed with gzip or not, many documents to a file, and lists (v1 List and the typed lists, such as
// NodeList). Objects are taken as they were stored: fields that this version does not know are left out and counted, since a
// newer cluster has some. Kinds that the cache does not read are skipped and counted, and so is what is only met in a directory:
// files that end neither in .yaml, .yml nor .json, whatever is not a regular file, the templates of charts, and documents that
// are no API objects, such as a chart's values. A file that cannot be parsed is an error that names the file and the document:
// a view of a cluster that is silently incomplete would give wrong answers.
package manifests

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// Objects are those that were read, by kind and key.
type Objects map[topology.Kind]map[topology.Key]metav1.Object

// Result tells what was read.
type Result struct {
	// Files is the number of files read, and SkippedFiles those left out for their ending, or because they are not regular.
	Files, SkippedFiles int
	// Charts are the directories whose templates were left out, and SkippedDocuments the number of documents in directories that
	// are no API objects.
	Charts           []string
	SkippedDocuments int
	// Written is when the newest of the files was changed last.
	Written time.Time
	// Captured is when the newest of the files that are captures was captured; zero where none says so.
	Captured time.Time
	// Objects is the number of objects read, by kind.
	Objects map[topology.Kind]int
	// SkippedKinds is the number of objects of kinds that the cache does not read, by kind.
	SkippedKinds map[string]int
	// UnknownFields are those that were left out because this version does not know them.
	UnknownFields UnknownFields
	// Repeated names objects that occur more than once; the last one read counts.
	Repeated []string
}

// UnknownFields are fields that the types of their objects do not have.
type UnknownFields struct {
	// Count is how many there are, up to a hundred counted for one object, and Examples the first few with their objects.
	Count    int
	Examples []string
}

// fewExamples are enough to look for the rest.
const fewExamples = 2

func (u *UnknownFields) add(other UnknownFields) {
	u.Count += other.Count
	for _, example := range other.Examples {
		if len(u.Examples) < fewExamples && !slices.Contains(u.Examples, example) {
			u.Examples = append(u.Examples, example)
		}
	}
}

// Load reads the paths (files, folders and their subfolders) and makes their objects the whole content of the cache: every
// kind is then synced. On an error the cache is as it was.
func Load(into *topology.Cache, paths ...string) (Result, error) {
	objects, result, err := Read(paths...)
	if err != nil {
		return result, err
	}
	return result, Fill(into, objects)
}

// Fill makes the objects the whole content of the cache: every kind is then synced.
func Fill(into *topology.Cache, objects Objects) error {
	lists := map[topology.Kind][]metav1.Object{}
	for kind, byKey := range objects {
		lists[kind] = make([]metav1.Object, 0, len(byKey))
		for _, o := range byKey {
			lists[kind] = append(lists[kind], o)
		}
	}
	return into.ReplaceAll(lists)
}

// Read reads the paths and returns their objects.
func Read(paths ...string) (Objects, Result, error) { return Reader{}.Read(paths...) }

// Reader reads manifests, on all cores. The zero Reader is ready for use.
type Reader struct {
	// Progress is told how many bytes of how many have been read, by one goroutine at a time; nil for nobody.
	Progress func(done, of int)
	// Namespace is that of objects which name none; 'default' where empty.
	Namespace string
	// Stdin is what the path - stands for; where nil it stands for a file of that name.
	Stdin io.Reader
}

// Read reads the paths and returns their objects.
func (r Reader) Read(paths ...string) (Objects, Result, error) {
	run := &reading{
		objects: Objects{}, result: Result{Objects: map[topology.Kind]int{}, SkippedKinds: map[string]int{}}, Reader: r,
		sizes: map[string]int{}, met: map[string]bool{},
	}
	var files []string
	for _, path := range paths {
		found, err := run.find(path)
		if err != nil {
			return nil, run.result, err
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if err := run.file(file); err != nil {
			return nil, run.result, err
		}
	}
	for kind, objects := range run.objects {
		run.result.Objects[kind] = len(objects)
	}
	slices.Sort(run.result.Repeated)
	return run.objects, run.result, nil
}

// reading is one run of a Reader.
type reading struct {
	Reader
	objects Objects
	result  Result
	// done and size are in bytes, of all files together; sizes are those that the files are said to have.
	done, size int
	sizes      map[string]int
	// met are the files that were not named, but met in a directory.
	met map[string]bool
}

// add takes an object in.
func (r *reading) add(kind topology.Kind, o metav1.Object) error {
	if o.GetName() == "" {
		return fmt.Errorf("%s has no metadata.name", kind)
	}
	if Namespaced(kind) && o.GetNamespace() == "" {
		o.SetNamespace(cmp.Or(r.Namespace, metav1.NamespaceDefault))
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
func Namespaced(kind topology.Kind) bool { return topology.ResourceOf(kind).Namespaced }
