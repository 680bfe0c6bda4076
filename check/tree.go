// SPDX-License-Identifier: Apache-2.0

package check

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// position is a place in a file, both counted from 1; columns count characters.
type position struct {
	line, column int
}

// flaw is a fault of a text.
type flaw struct {
	position
	path    string
	message string
	// symptom and remediation are the rule's own where empty.
	symptom, remediation string
	// rule is empty for decode, and action for the rule's own.
	rule   string
	action rules.Action
	// silences are the paths of fields whose value was dropped, or that were probably meant: what rules say of them is not of the object
	// as it was written.
	silences []string
}

// maxFlaws is how many faults of one document, or of one object, are reported.
const maxFlaws = 50

// flaws are the first of the faults that were found.
type flaws struct{ list []flaw }

func (f *flaws) full() bool { return len(f.list) >= maxFlaws }

func (f *flaws) add(more flaw) {
	if !f.full() {
		f.list = append(f.list, more)
	}
}

// shape is what a node of a text is in JSON's terms.
type shape int

const (
	null shape = iota
	boolean
	number
	text
	list
	object
)

func (s shape) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "a list", "an object"}[s]
}

// node is one value of a text, with where it stands. YAML's anchors and merge keys are resolved: a value that is used twice
// is one node with two parents, so nodes are never changed.
type node struct {
	position
	shape shape
	// scalar is the JSON of a boolean or number, and the value of a text.
	scalar string
	items  []*node
	fields []entry
	// size is how many nodes there are from here on, and bytes how long the texts in them are, those that are used twice counted
	// twice.
	size, bytes int
}

// document is one document of a file, with the flaws of its text.
type document struct {
	root  *node
	flaws []flaw
}

// entry is a field of an object. Its position is the name's.
type entry struct {
	position
	name  string
	value *node
}

// field returns the value of a field, or nil.
func (n *node) field(name string) *node {
	if e := n.entry(name); e != nil {
		return e.value
	}
	return nil
}

func (n *node) entry(name string) *entry {
	if n == nil {
		return nil
	}
	for i := range n.fields {
		if n.fields[i].name == name {
			return &n.fields[i]
		}
	}
	return nil
}

// text returns the value of a field that is a text, or nothing.
func (n *node) text(name string) string {
	if v := n.field(name); v != nil && v.shape == text {
		return v.scalar
	}
	return ""
}

// measure sets the size from those of the parts.
func (n *node) measure() {
	n.size, n.bytes = 1, len(n.scalar)
	for _, item := range n.items {
		n.size, n.bytes = saturated(n.size, item.size), saturated(n.bytes, item.bytes)
	}
	for _, e := range n.fields {
		n.size, n.bytes = saturated(n.size, e.value.size), saturated(n.bytes, saturated(len(e.name), e.value.bytes))
	}
}

func saturated(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}

// appendJSON writes the node as JSON, leaving out the nodes in without.
func (n *node) appendJSON(to []byte, without map[*node]bool) []byte {
	switch n.shape {
	case null:
		return append(to, "null"...)
	case boolean, number:
		return append(to, n.scalar...)
	case text:
		return appendText(to, n.scalar)
	case list:
		to = append(to, '[')
		for i, item := range n.items {
			if i > 0 {
				to = append(to, ',')
			}
			if without[item] {
				// A place is kept, so that the indexes of what follows stay right.
				to = append(to, "null"...)
				continue
			}
			to = item.appendJSON(to, without)
		}
		return append(to, ']')
	case object:
		to = append(to, '{')
		first := true
		for _, e := range n.fields {
			if without[e.value] {
				continue
			}
			if !first {
				to = append(to, ',')
			}
			first = false
			to = append(appendText(to, e.name), ':')
			to = e.value.appendJSON(to, without)
		}
		return append(to, '}')
	}
	return to
}

func appendText(to []byte, s string) []byte {
	// Strings can always be marshalled; what is not UTF-8 in them is replaced.
	quoted, _ := json.Marshal(s)
	return append(to, quoted...)
}

// find returns where a path, as field.Path writes it, stands below the node: the name of its field or the item; for what was
// not written, the nearest that was.
func (n *node) find(path string) position {
	at, _, _ := n.walk(path)
	return at
}

// reach returns the node that a path leads to, and what is left of the path where it was not written.
func (n *node) reach(path string) (found *node, rest string) {
	_, found, rest = n.walk(path)
	return found, rest
}

func (n *node) walk(path string) (at position, found *node, left string) {
	at = n.position
	for path != "" && n != nil {
		var next *entry
		var rest string
		switch {
		case n.shape == list && path[0] == '[':
			index, after, _ := strings.Cut(path[1:], "]")
			i, err := strconv.Atoi(index)
			if err != nil || i < 0 || i >= len(n.items) {
				return at, n, path
			}
			next, rest = &entry{position: n.items[i].position, value: n.items[i]}, after
		case n.shape == object:
			next, rest = n.along(path)
		}
		if next == nil {
			return at, n, path
		}
		at, n, path = next.position, next.value, strings.TrimPrefix(rest, ".")
	}
	return at, n, path
}

// along finds the field that a path goes through next: the longest name that fits, because names may hold dots and brackets.
func (n *node) along(path string) (found *entry, rest string) {
	for i := range n.fields {
		e := &n.fields[i]
		if found != nil && len(e.name) <= len(found.name) {
			continue
		}
		if after, ok := strings.CutPrefix(path, "["+e.name+"]"); ok {
			found, rest = e, after
			continue
		}
		after, ok := strings.CutPrefix(path, e.name)
		if ok && e.name != "" && (after == "" || after[0] == '.' || after[0] == '[') {
			found, rest = e, after
		}
	}
	return found, rest
}
