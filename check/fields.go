// SPDX-License-Identifier: Apache-2.0

package check

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// fieldsByType holds what fieldsOf found out, since every object asks again.
var fieldsByType sync.Map

// fieldsOf returns the types of a struct's fields by their JSON names, those of embedded structs included.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := fieldsByType.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	fields := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		inline := f.Anonymous && (name == "" || strings.Contains(options, "inline"))
		if inline || name == "-" || !f.IsExported() || len(f.Index) > 1 && !promoted(t, f.Index) {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = f.Type
	}
	fieldsByType.Store(t, fields)
	return fields
}

// promoted reports whether JSON, too, sees a field of an embedded struct as one of the struct's own.
func promoted(t reflect.Type, index []int) bool {
	for _, i := range index[:len(index)-1] {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		f := t.Field(i)
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			return false
		}
		t = f.Type
	}
	return true
}

func namesOf(t reflect.Type) []string { return slices.Sorted(maps.Keys(fieldsOf(t))) }
