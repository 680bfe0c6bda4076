// SPDX-License-Identifier: Apache-2.0

package check

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// decode reads an object strictly: every field must be known and have a value of its type. What is not so is a flaw, and is
// left out of the object, so that the rules can still look at the rest.
func decode(root *node, into runtime.Object) (flaws []flaw, placeholders []string, err error) {
	s := strict{without: map[*node]bool{}}
	s.value(root, reflect.TypeOf(into).Elem(), "")
	err = kjson.UnmarshalCaseSensitivePreserveInts(root.appendJSON(nil, s.without), into)
	return s.flaws.list, s.placeholders, err
}

type strict struct {
	flaws flaws
	// placeholders are the paths of values that stand for another, and are left out where that one would have another type.
	placeholders []string
	without      map[*node]bool
	// around are the objects around the one being read, from the root.
	around []level
}

var (
	unmarshaler = reflect.TypeFor[json.Unmarshaler]()
	volumeType  = reflect.TypeFor[corev1.Volume]()

	resourceListType = reflect.TypeFor[corev1.ResourceList]()
)

// value holds a node against the type that it is to become.
func (s *strict) value(n *node, t reflect.Type, path string) {
	if n.shape == null {
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(unmarshaler) {
		into := reflect.New(t)
		if err := json.Unmarshal(n.appendJSON(nil, nil), into.Interface()); err != nil && t == quantityType {
			s.mismatch(n, quantityFlaw(n, path))
		} else if err != nil {
			s.wrong(n, path, fmt.Sprintf("%s cannot be read: %v", n.shown(number), err))
		}
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		if s.is(n, object, path) {
			s.fields(n, t, path)
		}
	case reflect.Map:
		if s.is(n, object, path) {
			for i := range n.fields {
				s.value(n.fields[i].value, t.Elem(), path+"["+n.fields[i].name+"]")
			}
		}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			if s.is(n, text, path) && json.Unmarshal(appendText(nil, n.scalar), reflect.New(t).Interface()) != nil {
				s.wrong(n, path, "it is not base64")
			}
			return
		}
		if s.is(n, list, path) {
			for i, item := range n.items {
				s.value(item, t.Elem(), path+"["+strconv.Itoa(i)+"]")
			}
		}
	case reflect.String:
		s.is(n, text, path)
	case reflect.Bool:
		s.is(n, boolean, path)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
		if s.is(n, number, path) && json.Unmarshal([]byte(n.scalar), reflect.New(t).Interface()) != nil {
			s.wrong(n, path, fmt.Sprintf("%s is not a whole number that fits into %d bits", n.scalar, t.Bits()))
		}
	default:
	}
}

func (s *strict) fields(n *node, t reflect.Type, path string) {
	known := fieldsOf(t)
	s.around = append(s.around, level{t, path})
	defer func() { s.around = s.around[:len(s.around)-1] }()
	for i := range n.fields {
		e := &n.fields[i]
		at := join(path, e.name)
		if of, ok := known[e.name]; ok {
			s.value(e.value, of, at)
			if t == volumeType && e.value.shape == null {
				s.noSource(n, e, at)
			}
			continue
		}
		if s.flaws.full() {
			continue // What was meant is dear to find out, and would not be told.
		}
		f := flaw{position: e.position, path: at, message: fmt.Sprintf("unknown field %q", e.name) + meant(e.name, t, s.around[:len(s.around)-1])}
		f.symptom = "a client that is not strict drops the field silently; a strict one rejects the object"
		f.remediation = "use a field that exists, or remove this one"
		f.silences = nearby(e.name, t, path)
		if t == volumeType {
			volumeFlaw(&f, n, e.name)
		}
		if fieldsOf(t)["requests"] == resourceListType {
			resourceFlaw(&f, path, e.name)
		}
		s.flaws.add(f)
	}
}

// volumeFlaw explains what becomes of a volume whose source the API server does not know
// (pkg/apis/core/v1/defaults.go, SetDefaults_Volume): data in it is gone with the pod.
func volumeFlaw(f *flaw, volume *node, name string) {
	for _, e := range volume.fields {
		if e.name != "name" && e.value.shape != null && fieldsOf(volumeType)[e.name] != nil {
			return
		}
	}
	f.symptom = "a client that is not strict drops the field, and the volume becomes an emptyDir: what is written to it is gone with the pod"
	if old, ok := oldSource(volume.field(name), name); ok {
		f.message = fmt.Sprintf("unknown field %q: %s", name, old.what)
		f.remediation = old.form
	}
}

// noSource warns of a volume whose only source is written without a value: the API server takes it for unset, and makes an emptyDir.
func (s *strict) noSource(volume *node, e *entry, at string) {
	for _, other := range volume.fields {
		if other.name != "name" && other.value.shape != null || other.name == "emptyDir" {
			return
		}
	}
	s.flaws.add(flaw{
		position: e.position, path: at, action: rules.Warn, message: fmt.Sprintf("%s has no value, so that the volume becomes an emptyDir", e.name),
		symptom: "no error at all: what is written to the volume is gone with the pod", remediation: "write what " + e.name + " is to be, or emptyDir: {}",
	})
}

// resourceFlaw explains a quantity that stands beside requests and limits, and not in one of them. That none is requested follows from it.
func resourceFlaw(f *flaw, path, name string) {
	if name != string(corev1.ResourceStorage) && name != string(corev1.ResourceEphemeralStorage) {
		return
	}
	f.message = fmt.Sprintf("unknown field %q; it belongs to %s", name, join(path, "requests"))
	f.remediation = fmt.Sprintf("write %s: {requests: {%s: …}}", path[strings.LastIndexByte(path, '.')+1:], name)
	f.silences = append(f.silences, join(path, "requests")+"["+name+"]")
}

// is reports whether a node has the shape, and a flaw if not.
func (s *strict) is(n *node, want shape, path string) bool {
	if n.shape == want {
		return true
	}
	f := flaw{position: n.position, path: path, message: fmt.Sprintf("%s is %s, and must be %s", n.shown(want), n.shape, want)}
	if want == text && (n.shape == number || n.shape == boolean) {
		f.remediation = "put it in quotes"
	}
	s.mismatch(n, f)
	return false
}

func (s *strict) wrong(n *node, path, message string) {
	s.mismatch(n, flaw{position: n.position, path: path, message: message})
}

func (s *strict) mismatch(n *node, f flaw) {
	s.without[n] = true
	if n.isPlaceholder() {
		s.placeholders = append(s.placeholders, f.path)
		return
	}
	f.silences = []string{f.path}
	f.symptom = "the API server rejects the object: it cannot be decoded"
	if f.remediation == "" {
		f.remediation = "give the field a value of its type"
	}
	s.flaws.add(f)
}

// shown is how a message names a value that is to be of a shape. A text is not shown, nor is what stands in a text's place: it
// may be a secret, and secrets may be digits.
func (n *node) shown(want shape) string {
	if (n.shape == number || n.shape == boolean) && (want == number || want == boolean) {
		return n.scalar
	}
	return "the value"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
