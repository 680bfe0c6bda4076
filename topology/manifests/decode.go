// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	json2 "github.com/go-json-experiment/json"
	snapshotv1 "github.com/kubernetes-csi/external-snapshotter/client/v8/apis/volumesnapshot/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/internal/parallel"
	"github.com/moorage-k8s/moorage/topology"
)

// known are the kinds of Kubernetes itself, which is more than the cache reads and tells what is skipped, of snapshots,
// and of storage systems.
var known = func() *kruntime.Scheme {
	s := kruntime.NewScheme()
	utilruntime.Must(scheme.AddToScheme(s))
	utilruntime.Must(snapshotv1.AddToScheme(s))
	topology.AddReplicaKinds(s)
	return s
}()

// decoded is what a document turned out to be.
type decoded struct {
	objects []object
	// skipped are kinds that the cache does not read, and rest the objects of such kinds that could be read all the same.
	skipped []string
	rest    []kruntime.Object
	// unknown are the fields that the objects' types do not have.
	unknown UnknownFields
	// foreign says that it is not an API object, and clearly none was meant.
	foreign bool
	// items are the documents of a v1 List.
	items [][]byte
	err   error
}

// documents takes documents of one file in, in their order, of which some came before. Its errors begin with the number of the
// document. In a file that was only met there may be documents that are no API objects.
func (r *reading) documents(documents [][]byte, before int, met bool) error {
	for i, d := range r.decodeAll(documents) {
		if met && d.foreign {
			r.result.SkippedDocuments++
			continue
		}
		if err := r.take(d); err != nil {
			return fmt.Errorf("document %d%w", before+i+1, err)
		}
	}
	return nil
}

// take takes in what a document holds.
func (r *reading) take(d decoded) error {
	if d.err != nil {
		return d.err
	}
	for _, kind := range d.skipped {
		r.result.SkippedKinds[kind]++
	}
	for _, o := range d.rest {
		if r.Each != nil {
			r.Each(o)
		}
		if r.Rest == nil || !r.Rest(o) {
			r.result.SkippedKinds[kindOfItem(o)]++
		}
	}
	r.result.UnknownFields.add(d.unknown)
	for i := range d.objects {
		if err := r.add(&d.objects[i]); err != nil {
			return fmt.Errorf(": %w", err)
		}
	}
	taken := min(r.taken, len(d.items))
	r.taken = 0
	for items := range slices.Chunk(d.items[taken:], itemsAtATime) {
		for i, item := range r.decodeAll(items) {
			if err := r.take(item); err != nil {
				return fmt.Errorf(": item %d%w", taken+i+1, err)
			}
		}
		taken += len(items)
	}
	return nil
}

const (
	// itemsAtATime are decoded before the first of them is taken in, and documentsAtATime by a core together.
	itemsAtATime     = 4096
	documentsAtATime = 16
)

// decodeAll decodes documents on all cores.
func (r *reading) decodeAll(documents [][]byte) []decoded {
	out := make([]decoded, len(documents))
	parallel.Each(len(documents), documentsAtATime, func(i int) {
		out[i] = decode(documents[i])
		for o := range out[i].objects {
			r.ready(&out[i].objects[o])
		}
	})
	return out
}

// decode reads one document; null, which an empty YAML document becomes, is none. Its errors continue a sentence that ends
// with the number of the document.
func decode(document []byte) (d decoded) {
	if head, ok := typeOf(document); ok && head.Kind != list {
		if d, ok = decodeAs(head, document); ok {
			return d
		}
	}
	var head metav1.TypeMeta
	// JSON is YAML, and much quicker to read as what it is.
	trimmed := bytes.TrimSpace(document)
	if len(trimmed) == 0 || trimmed[0] != '{' || kjson.UnmarshalCaseSensitivePreserveInts(trimmed, &head) != nil {
		var err error
		if document, err = yaml.YAMLToJSON(document); err != nil {
			return decoded{err: fmt.Errorf(" is not YAML: %w", err)}
		}
		if bytes.Equal(bytes.TrimSpace(document), []byte("null")) {
			return decoded{}
		}
		head = metav1.TypeMeta{}
		if err := kjson.UnmarshalCaseSensitivePreserveInts(document, &head); err != nil {
			return decoded{err: fmt.Errorf(": not an API object: %w", err), foreign: bytes.HasPrefix(document, []byte("{"))}
		}
	}
	switch {
	case head.Kind == "" || head.APIVersion == "":
		return decoded{err: errors.New(": not an API object: it has no apiVersion or no kind"), foreign: isForeign(head, document)}
	case head.Kind == list:
		items, err := itemsOf(document)
		if err != nil {
			return decoded{err: fmt.Errorf(": List: %w", err)}
		}
		return decoded{items: items}
	}
	d, _ = decodeAs(head, document)
	return d
}

// isForeign reports whether a document without an apiVersion or a kind is something else altogether: a chart's Chart.yaml or
// values, a program's configuration. Where the kind is there, or all but the kind, an API object was meant.
func isForeign(head metav1.TypeMeta, document []byte) bool {
	var body struct {
		Metadata json.RawMessage `json:"metadata"`
	}
	return head.Kind == "" && (head.APIVersion == "" || kjson.UnmarshalCaseSensitivePreserveInts(document, &body) == nil && body.Metadata == nil)
}

// list is the kind of a list of anything.
const list = "List"

// decodeAs reads a document that is JSON of a type; ok is false where it is not. The reader is the one that is to become
// Go's own, more than twice as fast as the API server's, and where it takes a document it takes the same from it.
func decodeAs(head metav1.TypeMeta, document []byte) (d decoded, ok bool) {
	value, err := known.New(schema.FromAPIVersionAndKind(head.APIVersion, head.Kind))
	if err != nil {
		return decoded{skipped: []string{head.Kind}}, json.Valid(document)
	}
	var strict []error
	if json2.Unmarshal(document, value, json2.RejectUnknownMembers(!topology.TypedInPart(value))) != nil {
		// What is not quite JSON, or has fields that are not known, the API server's own reader may still take. It finds all such
		// fields, and its words are those that people know.
		if value, err = known.New(schema.FromAPIVersionAndKind(head.APIVersion, head.Kind)); err != nil {
			return decoded{err: fmt.Errorf(": %s: %w", head.Kind, err)}, false
		}
		if strict, err = kjson.UnmarshalStrict(document, value); err != nil {
			return decoded{err: fmt.Errorf(": %s: %w", head.Kind, err)}, false
		}
	}
	if !topology.TypedInPart(value) {
		d.unknown = unknownFields(strict, head.Kind, value)
	}
	if meta.IsListType(value) {
		d.err = meta.EachListItem(value, d.add)
	} else {
		d.err = d.add(value)
	}
	return d, true
}

// add notes an object.
func (d *decoded) add(value kruntime.Object) error {
	kind, ok := topology.KindOf(value)
	if b, isBudget := value.(*policyv1.PodDisruptionBudget); isBudget {
		b.ManagedFields = nil
		d.objects = append(d.objects, object{kind: topology.KindBudget, full: b})
		return nil
	}
	if e := eventOf(value); e != nil {
		d.objects = append(d.objects, object{kind: topology.KindEvent, full: e})
		return nil
	}
	if !ok {
		d.rest = append(d.rest, value)
		return nil
	}
	o, err := meta.Accessor(value)
	if err != nil {
		return fmt.Errorf(": %w", err)
	}
	d.objects = append(d.objects, object{kind: kind, full: o})
	return nil
}

// unknownFields takes from what a strict reader says of an object the fields that are not known. Fields that occur twice are
// none of them: the last one counts, as it does for the API server.
func unknownFields(strict []error, kind string, of kruntime.Object) (u UnknownFields) {
	for _, err := range strict {
		quoted, ok := strings.CutPrefix(err.Error(), "unknown field ")
		if !ok {
			continue
		}
		u.Count++
		if len(u.Examples) == fewExamples {
			continue
		}
		path, err := strconv.Unquote(quoted)
		if err != nil {
			path = quoted
		}
		where := kind
		if o, err := meta.Accessor(of); err == nil && o.GetName() != "" {
			where += " " + o.GetName()
		}
		u.Examples = append(u.Examples, path+" ("+where+")")
	}
	return u
}

func kindOfItem(value kruntime.Object) string {
	kinds, _, err := known.ObjectKinds(value)
	if err != nil || len(kinds) == 0 {
		return "unknown"
	}
	return kinds[0].Kind
}
