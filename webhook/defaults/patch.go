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
				n[token] = value
				return nil
			}
			node = child
		case []any:
			index, err := strconv.Atoi(token)
			if err != nil || index < 0 || index >= len(n) {
				return fmt.Errorf("patch %s: there is no item %q", pointer(path[:i]), token)
			}
			if last {
				p.operations = append(p.operations, jsonpatch.NewOperation("replace", pointer(path), value))
				n[index] = value
				return nil
			}
			node = n[index]
		default:
			return fmt.Errorf("patch %s: %s is neither an object nor a list", pointer(path), pointer(path[:i]))
		}
	}
	return nil
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

var escape = strings.NewReplacer("~", "~0", "/", "~1")

// pointer writes a path as a JSON pointer (RFC 6901).
func pointer(path []string) string {
	escaped := slices.Clone(path)
	for i := range escaped {
		escaped[i] = escape.Replace(escaped[i])
	}
	return "/" + strings.Join(escaped, "/")
}
