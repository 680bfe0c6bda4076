// SPDX-License-Identifier: Apache-2.0

package check

import (
	"reflect"
	"slices"
	"strings"

	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// level is an object on the way from the root to the field at hand.
type level struct {
	of   reflect.Type
	path string
}

// depth is how many objects below its own an unknown field is looked for: spec.template.spec of a workload is three.
const depth = 3

// meant says what was probably meant by a name that an object does not have, as the end of a message: a field of that very
// name in an object below it, one of nearly that name in itself, or one of that very name in an object around it, in this
// order. Levels are those around the object, from the root. Empty if there is nothing to say.
func meant(name string, t reflect.Type, around []level) string {
	if below := below(name, t); len(below) > 0 {
		return "; it belongs to " + strings.Join(below, " or ")
	}
	if near := suggest.Nearest(name, namesOf(t)); len(near) > 0 {
		return "; " + suggest.Sentence(name, near)
	}
	for _, l := range slices.Backward(around) {
		if _, ok := fieldsOf(l.of)[name]; !ok {
			continue
		}
		if l.path == "" {
			if name == "kind" || name == "apiVersion" {
				return ""
			}
			return "; it belongs to the object itself"
		}
		return "; it belongs to " + l.path
	}
	return ""
}

// below finds the objects nearest below a type that have a field of the name. Many mean that the name says little: then none.
func below(name string, t reflect.Type) []string {
	const many = 3
	level := map[string]reflect.Type{"": t}
	for range depth {
		next := map[string]reflect.Type{}
		var found []string
		for path, of := range level {
			for field, inside := range fieldsOf(of) {
				if inside.Kind() == reflect.Pointer {
					inside = inside.Elem()
				}
				if inside.Kind() != reflect.Struct || reflect.PointerTo(inside).Implements(unmarshaler) {
					continue
				}
				at := join(path, field)
				next[at] = inside
				if _, ok := fieldsOf(inside)[name]; ok {
					found = append(found, at)
				}
			}
		}
		if len(found) >= many {
			return nil
		}
		if len(found) > 0 {
			slices.Sort(found)
			return found
		}
		level = next
	}
	return nil
}

// nearby are the paths of the fields of an object that a name which it does not have was probably to be.
func nearby(name string, t reflect.Type, path string) []string {
	near := suggest.Nearest(name, namesOf(t))
	for i := range near {
		near[i] = join(path, near[i])
	}
	return near
}
