// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/moorage-k8s/moorage/topology/placement"
)

// Fault is one thing that is wrong with a configuration.
type Fault struct {
	// Line is where it is in the file, from 1; 0 if no line has it.
	Line int `json:"line,omitempty"`
	// Path is the field's, such as webhook.rules.secret-env; empty for the whole.
	Path string `json:"path,omitempty"`
	// Message says what is wrong, and where it can be told what would be right.
	Message string `json:"message"`

	// at is the path of what would have to go for the rest to be read.
	at string
}

// Error is the fault in one line.
func (f Fault) Error() string {
	text := f.Message
	if f.Path != "" {
		text = f.Path + ": " + text
	}
	if f.Line > 0 {
		text = fmt.Sprintf("line %d: %s", f.Line, text)
	}
	return text
}

// Check returns all that is wrong with the text of a configuration, names of predicates and scorers included, in the order of its lines.
// What serve refuses has a fault, and what has none serve takes.
func Check(data []byte) []Fault {
	c, strict, err := decode(data)
	errs := append(parted(err), strict...)
	if len(errs) > 0 {
		// The rest is judged without what cannot be read.
		c, _, err = decode(without(data, errs))
	}
	if err == nil {
		errs = append(errs, parted(c.validateHead())...)
		errs = append(errs, parted(c.Validate())...)
		errs = append(errs, parted(c.validateEngine())...)
	}
	lines := linesOf(data)
	var faults []Fault
	for _, each := range errs {
		fault := Fault{}
		if !errors.As(each, &fault) {
			fault = located(each.Error(), lines)
			// That it is missing, because it could not be read, is known already.
			if fault.Path != "" && slices.ContainsFunc(faults, func(f Fault) bool { return strings.HasPrefix(f.at, fault.Path) }) {
				continue
			}
		}
		if !slices.Contains(faults, fault) {
			faults = append(faults, fault)
		}
	}
	slices.SortStableFunc(faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return faults
}

// validateEngine tells of names and words of the engine's that there are not.
func (c *Configuration) validateEngine() error {
	var errs []error
	rest := *c
	rest.Extender.Predicates, rest.Extender.Scorers = map[string]Word{}, nil
	for _, name := range slices.Sorted(maps.Keys(c.Extender.Predicates)) {
		if err := known(name, placement.PredicateNames(), "predicate"); err != nil {
			errs = append(errs, fmt.Errorf("extender.predicates.%s: %w", name, err))
			continue
		}
		rest.Extender.Predicates[name] = c.Extender.Predicates[name]
	}
	for i, s := range c.Extender.Scorers {
		if err := known(s.Name, placement.ScorerNames(), "scorer"); err != nil && s.Name != "" {
			errs = append(errs, fmt.Errorf("extender.scorers[%d].name: %w", i, err))
		} else if s.Name != "" && s.Weight != nil {
			rest.Extender.Scorers = append(rest.Extender.Scorers, s)
		}
	}
	_, err := placement.NewEngine(rest.Placement())
	return errors.Join(append(errs, err)...)
}

// without leaves out of a text the fields that have faults.
func without(data []byte, faults []error) []byte {
	paths := map[string]bool{}
	for _, each := range faults {
		if fault := (Fault{}); errors.As(each, &fault) {
			paths[fault.at] = true
		}
	}
	var document yaml.Node
	if yaml.Unmarshal(data, &document) != nil || len(document.Content) == 0 {
		return nil
	}
	drop(document.Content[0], "", paths, 0)
	rest, err := yaml.Marshal(&document)
	if err != nil {
		return nil
	}
	return rest
}

func drop(node *yaml.Node, path string, paths map[string]bool, depth int) {
	if depth > maxDepth {
		return
	}
	switch node.Kind {
	case yaml.MappingNode:
		var kept []*yaml.Node
		for i := 0; i+1 < len(node.Content); i += 2 {
			at := strings.TrimPrefix(path+"."+node.Content[i].Value, ".")
			if paths[at] {
				continue
			}
			drop(node.Content[i+1], at, paths, depth+1)
			kept = append(kept, node.Content[i], node.Content[i+1])
		}
		node.Content = kept
	case yaml.SequenceNode:
		for i, item := range node.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			if paths[at] {
				node.Content[i] = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}
				continue
			}
			drop(item, at, paths, depth+1)
		}
	}
}

// parted takes joined errors apart.
func parted(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) // One that is wrapped has words of its own.
	if !ok {
		return []error{err}
	}
	var out []error
	for _, each := range joined.Unwrap() {
		out = append(out, parted(each)...)
	}
	return out
}

// pathAhead matches the paths that an error of this package begins with.
var pathAhead = regexp.MustCompile(`^((?:[A-Za-z][\w./-]*(?:\[\d+\])?(?:\.[\w./-]+(?:\[\d+\])?)*)(?:, [A-Za-z][\w./\[\]-]*)*): `)

// located finds the line of an error that begins with the path of a field, or with several.
func located(text string, lines map[string]int) Fault {
	m := pathAhead.FindStringSubmatch(text)
	if m == nil {
		return Fault{Message: text}
	}
	fault := Fault{Path: m[1], Message: strings.TrimPrefix(text, m[0])}
	for path := range strings.SplitSeq(m[1], ", ") {
		for ; path != "" && fault.Line == 0; path = above(path) {
			fault.Line = lines[path]
		}
	}
	return fault
}

// above is the path of what a field is in.
func above(path string) string {
	at := max(strings.LastIndex(path, "."), strings.LastIndex(path, "["))
	return path[:max(at, 0)]
}

// linesOf are the lines of all fields, by their paths. Of no YAML there are none.
func linesOf(data []byte) map[string]int {
	lines := map[string]int{}
	var document yaml.Node
	if yaml.Unmarshal(data, &document) == nil && len(document.Content) > 0 {
		note(document.Content[0], "", lines, 0)
	}
	return lines
}

func note(node *yaml.Node, path string, lines map[string]int, depth int) {
	if depth > maxDepth {
		return
	}
	switch node.Kind {
	case yaml.AliasNode:
		note(node.Alias, path, lines, depth+1)
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			at := strings.TrimPrefix(path+"."+node.Content[i].Value, ".")
			lines[at] = node.Content[i].Line
			note(node.Content[i+1], at, lines, depth+1)
		}
	case yaml.SequenceNode:
		for i, item := range node.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			lines[at] = item.Line
			note(item, at, lines, depth+1)
		}
	}
}
