// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// maxDepth is deeper than any configuration: what an alias repeats within itself ends there.
const maxDepth = 32

// wordsOf says in words, with paths and lines, why the text does not decode into the type: decoders speak of types of Go. It returns nil where
// it sees nothing, and then the decoder's own words have to do.
func wordsOf(data []byte, into reflect.Type) []error {
	var document yaml.Node
	if yaml.Unmarshal(data, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	w := &reader{}
	w.read(document.Content[0], into, "", 0)
	return w.faults
}

// reader collects what does not fit.
type reader struct{ faults []error }

func (r *reader) add(node *yaml.Node, path, format string, args ...any) {
	r.faults = append(r.faults, Fault{Line: node.Line, Path: path, Message: fmt.Sprintf(format, args...), at: path})
}

// addKey tells of a key that should not be there.
func (r *reader) addKey(key *yaml.Node, at, format string, args ...any) {
	r.faults = append(r.faults, Fault{Line: key.Line, Message: fmt.Sprintf(format, args...), at: at})
}

func (r *reader) read(node *yaml.Node, into reflect.Type, path string, depth int) {
	switch {
	case depth > maxDepth || node.Tag == "!!null":
		return
	case node.Kind == yaml.AliasNode:
		r.read(node.Alias, into, path, depth+1)
	case into.Kind() == reflect.Pointer:
		r.read(node, into.Elem(), path, depth+1)
	case into == reflect.TypeFor[metav1.Duration]():
		if _, err := time.ParseDuration(node.Value); node.Kind != yaml.ScalarNode || node.Tag != "!!str" || err != nil {
			r.add(node, path, "%s is no duration; write one such as 100ms, 30s or 1h30m", shown(node))
		}
	case into == reflect.TypeFor[Word]():
		if node.Kind != yaml.ScalarNode || node.Tag != "!!str" && node.Tag != "!!bool" {
			r.add(node, path, "%s is not a word", shown(node))
		}
	case into.Kind() == reflect.Struct:
		r.readFields(node, into, path, depth)
	case into.Kind() == reflect.Map:
		if r.expect(node, yaml.MappingNode, path, "a mapping, NAME: VALUE") {
			r.eachKey(node, path, func(_, value *yaml.Node, at string) { r.read(value, into.Elem(), at, depth+1) })
		}
	case into.Kind() == reflect.Slice:
		if r.expect(node, yaml.SequenceNode, path, "a list, [a, b]") {
			for i, item := range node.Content {
				r.read(item, into.Elem(), fmt.Sprintf("%s[%d]", path, i), depth+1)
			}
		}
	default:
		r.readScalar(node, into, path)
	}
}

func (r *reader) readFields(node *yaml.Node, into reflect.Type, path string, depth int) {
	if !r.expect(node, yaml.MappingNode, path, "a mapping, FIELD: VALUE") {
		return
	}
	fields := map[string]reflect.Type{}
	var names []string
	for field := range into.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		fields[name], names = field.Type, append(names, name)
	}
	r.eachKey(node, path, func(key, value *yaml.Node, at string) {
		if of, known := fields[key.Value]; known {
			r.read(value, of, at, depth+1)
			return
		}
		r.addKey(key, at, "unknown field %q; %s", at, suggest.Sentence(key.Value, names))
	})
}

// eachKey calls f for each key of a mapping, and tells of those that are there twice.
func (r *reader) eachKey(node *yaml.Node, path string, f func(key, value *yaml.Node, at string)) {
	var seen []string
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		switch {
		case key.Value == "<<":
			continue
		case slices.Contains(seen, key.Value):
			r.addKey(key, at, "%q already set above; put both into one", at)
		}
		seen = append(seen, key.Value)
		f(key, node.Content[i+1], at)
	}
}

func (r *reader) readScalar(node *yaml.Node, into reflect.Type, path string) {
	if !r.expect(node, yaml.ScalarNode, path, map[reflect.Kind]string{reflect.String: "text", reflect.Bool: "true or false"}[into.Kind()]) {
		return
	}
	switch kind := into.Kind(); {
	case kind == reflect.String && node.Tag != "!!str":
		r.add(node, path, "%s is no text; put it into quotes", shown(node))
	case kind == reflect.Bool && node.Tag != "!!bool" && !slices.Contains([]string{"on", "off", "yes", "no"}, strings.ToLower(node.Value)):
		r.add(node, path, "%s is neither true nor false", shown(node))
	case kind == reflect.Int || kind == reflect.Int64:
		if _, err := strconv.ParseInt(node.Value, 0, 64); node.Tag != "!!int" || err != nil {
			r.add(node, path, "%s is no whole number", shown(node))
		}
	}
}

// expect tells of a node of another kind than the field takes.
func (r *reader) expect(node *yaml.Node, kind yaml.Kind, path, want string) bool {
	if node.Kind == kind {
		return true
	}
	if want == "" {
		want = "a number"
	}
	r.add(node, path, "it is %s; want %s", shown(node), want)
	return false
}

// shown is how a value is called.
func shown(node *yaml.Node) string {
	switch {
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	case node.Tag == "!!str":
		return strconv.Quote(node.Value)
	default:
		return node.Value
	}
}
