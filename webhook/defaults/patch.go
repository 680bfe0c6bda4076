// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gomodules.xyz/jsonpatch/v2"
	"k8s.io/apimachinery/pkg/util/json"
)

// Patch collects JSON patch operations (RFC 6902) against one object's raw JSON. Each operation is computed against the
// object as the operations before it leave it, so that defaults can build on each other.
type Patch struct {
	raw        []byte
	document   map[string]any
	operations []jsonpatch.Operation
}

func newPatch(raw []byte) *Patch { return &Patch{raw: raw} }

// Set gives the field at the path a value, and makes the objects on the way to it that are missing or null. A number in the
// path is an index into a list, which must be there. The value must be what encoding/json makes of itself: a string, bool,
// number, map[string]any or []any.
func (p *Patch) Set(value any, path ...string) error {
	if len(path) == 0 {
		return errors.New("patch: the path is empty")
	}
	if err := p.load(); err != nil {
		return err
	}
	var node any = p.document
	for i, token := range path {
		last := i == len(path)-1
		switch n := node.(type) {
		case map[string]any:
			child, present := n[token]
			if last || child == nil {
				for j := len(path) - 1; j > i; j-- {
					value = map[string]any{path[j]: value}
				}
				operation := "add"
				if present {
					operation = "replace"
				}
				p.operations = append(p.operations, jsonpatch.NewOperation(operation, pointer(path[:i+1]), value))
				n[token] = copied(value)
				return nil
			}
			node = child
		case []any:
			index, err := itemOf(n, path[:i], token)
			if err != nil {
				return err
			}
			if last {
				p.operations = append(p.operations, jsonpatch.NewOperation("replace", pointer(path), value))
				n[index] = copied(value)
				return nil
			}
			node = n[index]
		default:
			return fmt.Errorf("patch %s: %s is neither an object nor a list", pointer(path), pointer(path[:i]))
		}
	}
	return nil
}

// Append adds an item to the end of the list at the path, and makes the list if it is missing or null. The path must end in a
// field of an object.
func (p *Patch) Append(item any, path ...string) error {
	parent, field, err := p.parent(path)
	if err != nil {
		return err
	}
	if parent[field] == nil {
		return p.Set([]any{item}, path...)
	}
	list, ok := parent[field].([]any)
	if !ok {
		return fmt.Errorf("patch %s: it is not a list", pointer(path))
	}
	p.operations = append(p.operations, jsonpatch.NewOperation("add", pointer(path)+"/-", item))
	parent[field] = append(list, copied(item))
	return nil
}

// Remove takes a field out of an object that has it.
func (p *Patch) Remove(path ...string) error {
	parent, field, err := p.parent(path)
	if err != nil {
		return err
	}
	if _, present := parent[field]; !present {
		return fmt.Errorf("patch %s: it is not there", pointer(path))
	}
	p.operations = append(p.operations, jsonpatch.NewOperation("remove", pointer(path), nil))
	delete(parent, field)
	return nil
}

// parent returns the object that the path's last field is in; it must be there.
func (p *Patch) parent(path []string) (object map[string]any, field string, err error) {
	if len(path) == 0 {
		return nil, "", errors.New("patch: the path is empty")
	}
	if err = p.load(); err != nil {
		return nil, "", err
	}
	var node any = p.document
	for i, token := range path[:len(path)-1] {
		switch n := node.(type) {
		case map[string]any:
			node = n[token]
		case []any:
			index, itemErr := itemOf(n, path[:i], token)
			if itemErr != nil {
				return nil, "", itemErr
			}
			node = n[index]
		}
	}
	object, ok := node.(map[string]any)
	if !ok {
		return nil, "", fmt.Errorf("patch %s: %s is not an object", pointer(path), pointer(path[:len(path)-1]))
	}
	return object, path[len(path)-1], nil
}

func itemOf(list []any, path []string, token string) (int, error) {
	index, err := strconv.Atoi(token)
	if err != nil || index < 0 || index >= len(list) {
		return 0, fmt.Errorf("patch %s: there is no item %q", pointer(path), token)
	}
	return index, nil
}

// copied keeps what an operation says apart from what later operations make of it.
func copied(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, item := range v {
			out[key] = copied(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = copied(item)
		}
		return out
	default:
		return value
	}
}

// load decodes the raw object once, and only if there is something to patch.
func (p *Patch) load() error {
	if p.document != nil {
		return nil
	}
	if err := json.Unmarshal(p.raw, &p.document); err != nil {
		return fmt.Errorf("patch: decode the object: %w", err)
	}
	if p.document == nil {
		return errors.New("patch: the object is null")
	}
	return nil
}

// decode reads the object as the operations leave it.
func (p *Patch) decode(into any) error {
	patched, err := json.Marshal(p.document)
	if err != nil {
		return fmt.Errorf("encode the patched object: %w", err)
	}
	if err := json.Unmarshal(patched, into); err != nil {
		return fmt.Errorf("decode the patched object: %w", err)
	}
	return nil
}

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// pointer writes a path as a JSON pointer (RFC 6901).
func pointer(path []string) string {
	escaped := slices.Clone(path)
	for i := range escaped {
		escaped[i] = escape.Replace(escaped[i])
	}
	return "/" + strings.Join(escaped, "/")
}
