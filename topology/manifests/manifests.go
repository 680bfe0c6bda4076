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
//
// Files are read as streams, a part at a time, also where a file is one v1 List, and Load trims each object as soon as it is decoded: the objects of a large cluster
// are several times what the cache keeps of them.
package manifests

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"

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
	// StorageOnly tells that one of the captures is of a version that left out what decides beside volumes.
	StorageOnly bool
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

// Load reads the paths (files, directories and their subdirectories) and makes their objects the whole content of the cache: every
// kind is then synced. On an error the cache is as it was.
func Load(into *topology.Cache, paths ...string) (Result, error) {
	return Reader{}.Load(into, paths...)
}

// Read reads the paths and returns their objects.
func Read(paths ...string) (Objects, Result, error) { return Reader{}.Read(paths...) }

// Reader reads manifests, on all cores. The zero Reader is ready for use.
type Reader struct {
	// Progress receives how many bytes of how many have been read, by one goroutine at a time; it may be nil.
	Progress func(done, of int)
	// Namespace is that of objects which name none; 'default' where empty.
	Namespace string
	// Stdin is what the path - stands for; where nil it stands for a file of that name.
	Stdin io.Reader
	// Pods, where it is not nil, is given the pods that Load reads, in full, and so are Nodes, Namespaces, Budgets, Attachments and Events, which are
	// Warning events and those with one of the Reasons.
	// Of other objects Load keeps only what the cache does.
	Pods       map[topology.Key]*corev1.Pod
	Nodes      map[topology.Key]*corev1.Node
	Namespaces map[topology.Key]*corev1.Namespace
	Budgets    map[topology.Key]*policyv1.PodDisruptionBudget
	Events     map[topology.Key]*corev1.Event
	// Claim, where it is not nil, is called for each claim that Load reads, in full, one at a time.
	Claim func(*corev1.PersistentVolumeClaim)
	// Rest, where it is not nil, is given the objects of Kubernetes' kinds that the cache does not read, and reports whether it took one.
	// Others are counted as skipped.
	Rest func(kruntime.Object) bool
	// Attachments are kept in full where something is to be said of them: they are not attached, are being deleted, or failed.
	Attachments map[topology.Key]*storagev1.VolumeAttachment
	// Reasons are those of events that are asked for beside the warnings.
	Reasons []string
	// Each, where it is not nil, is called for each object of Kubernetes' kinds, in full, one at a time: for those that the cache does not
	// read and for events that are no warnings, too. It must not change what the cache looks at.
	Each func(kruntime.Object)
	// BeforeFill, where it is not nil, is called by Load once all has been read, before the cache is filled; its error ends the load.
	BeforeFill func(*Result) error
}

// Load is the function Load.
func (r Reader) Load(into *topology.Cache, paths ...string) (Result, error) {
	content := into.NewContent()
	result, err := r.read(&trimmingSink{content, r.Pods, r.Nodes, r.Namespaces, r.Budgets, r.Events, r.Claim, r.Attachments, r.Each != nil}, paths)
	if err == nil && r.BeforeFill != nil {
		err = r.BeforeFill(&result)
	}
	if err == nil {
		into.ReplaceContent(content)
	}
	return result, err
}

// Read reads the paths and returns their objects in full.
func (r Reader) Read(paths ...string) (Objects, Result, error) {
	objects := Objects{}
	result, err := r.read(keepingSink(objects), paths)
	if err != nil {
		return nil, result, err
	}
	return objects, result, nil
}

func (r Reader) read(into sink, paths []string) (Result, error) {
	run := &reading{
		into: into, result: Result{SkippedKinds: map[string]int{}}, Reader: r, sizes: map[string]int{}, met: map[string]bool{},
		part: partPerCore * runtime.GOMAXPROCS(0),
	}
	var files []string
	for _, path := range paths {
		found, err := run.find(path)
		if err != nil {
			return run.result, err
		}
		files = append(files, found...)
	}
	for _, file := range files {
		if err := run.file(file); err != nil {
			return run.result, err
		}
	}
	run.result.Objects = into.counts()
	slices.Sort(run.result.Repeated)
	return run.result, nil
}

// reading is one run of a Reader.
type reading struct {
	Reader
	into   sink
	result Result
	// done and size are in bytes, of all files together as they are stored; sizes are those that the files are said to have.
	done, size int
	sizes      map[string]int
	// met are the files that were not named, but met in a directory.
	met map[string]bool
	// part is how much is read before it is decoded. taken is how many items of the List that comes next were taken in before.
	part, taken int
}

// ready makes of an object that was decoded what is taken in, on any core.
func (r *reading) ready(o *object) {
	DefaultNamespace(o.full, o.kind, r.Namespace)
	o.key = topology.Key{Namespace: o.full.GetNamespace(), Name: o.full.GetName()}
	if o.key.Name != "" {
		r.into.ready(o)
	}
}

// add takes an object in.
func (r *reading) add(o *object) error {
	if o.key.Name == "" {
		return fmt.Errorf("%s has no metadata.name", o.kind)
	}
	if object, ok := o.full.(kruntime.Object); ok && r.Each != nil {
		r.Each(object)
	}
	if e, ok := o.full.(*corev1.Event); ok && e.Type != corev1.EventTypeWarning && !slices.Contains(r.Reasons, e.Reason) {
		return nil
	}
	if r.into.add(o) {
		r.result.Repeated = append(r.result.Repeated, fmt.Sprintf("%s %s", o.kind, o.key))
	}
	return nil
}

// DefaultNamespace puts an object of a kind that has namespaces, and that names none, into this one; 'default' where empty.
func DefaultNamespace(o metav1.Object, kind topology.Kind, namespace string) {
	if topology.ResourceOf(kind).Namespaced && o.GetNamespace() == "" {
		o.SetNamespace(cmp.Or(namespace, metav1.NamespaceDefault))
	}
}
