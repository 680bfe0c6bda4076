// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxExpansion is how many values anchors and merge keys may add to those that are written in a file, and maxExpandedBytes
	// how many bytes of text: etcd takes no object that comes near.
	maxExpansion     = 500_000
	maxExpandedBytes = 32 << 20
)

// expansion is what is left of that for a file.
type expansion struct {
	values, bytes int
}

func newExpansion() *expansion { return &expansion{maxExpansion, maxExpandedBytes} }

// take takes values and bytes, and reports whether there were enough left.
func (e *expansion) take(values, bytes int) bool {
	e.values -= min(values, e.values+1)
	e.bytes -= min(bytes, e.bytes+1)
	return !e.spent()
}

func (e *expansion) spent() bool { return e.values < 0 || e.bytes < 0 }

// yamlDocuments reads the documents of a chunk. What was read before a flaw that ends the reading is returned too.
func yamlDocuments(c chunk, left *expansion) ([]document, *flaw) {
	var documents []document
	decoder := yaml.NewDecoder(bytes.NewReader(c.content))
	for {
		var parsed yaml.Node
		err := decoder.Decode(&parsed)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			end := syntaxFlaw(err, c)
			return documents, &end
		}
		if len(parsed.Content) == 0 {
			continue
		}
		before := *left
		r := yamlReader{before: c.before, done: map[*yaml.Node]*node{}, open: map[*yaml.Node]bool{}, left: left}
		root := r.read(parsed.Content[0])
		if r.template != nil {
			r.template.message = "not YAML: a field's name must be a string"
			return documents, r.template
		}
		more, longer := max(root.size-len(r.done), 0), max(root.bytes-len(c.content), 0)
		// A document without any is read even if others have used up all.
		if grows := more > 0 || longer > 0 || *left != before; grows && (left.spent() || !left.take(more, longer)) {
			return documents, &flaw{
				position: root.position,
				message:  "the anchors and merge keys of this document expand to more than any API object can hold",
			}
		}
		documents = append(documents, document{root, r.flaws.list})
	}
}

var yamlErrorLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxFlaw takes the line out of the library's message. The library counts a chunk's lines, and names the first line not at
// all.
func syntaxFlaw(err error, c chunk) flaw {
	message := err.Error()
	f := flaw{position: position{c.before + 1, 1}}
	if m := yamlErrorLine.FindStringSubmatch(message); m != nil {
		message = message[len(m[0]):]
		if line, bad := strconv.Atoi(m[1]); bad == nil {
			f.line = c.before + line
		}
	}
	if strings.HasPrefix(message, "unknown anchor ") {
		// What is named is not repeated: it may be a password that begins with an asterisk.
		message = "an alias of an anchor that there is not; a text that begins with * must be in quotes"
	}
	lines := bytes.Split(c.content, []byte("\n"))
	if strings.Contains(message, "tab character") {
		// The library names the line in which what the tab stands in began.
		if i := slices.IndexFunc(lines[min(f.line-c.before-1, len(lines)):], indentedWithTab); i >= 0 {
			f.line += i
		}
	}
	if i := f.line - c.before - 1; i >= 0 && i < len(lines) {
		indented := bytes.TrimLeft(lines[i], " ")
		f.column = len(lines[i]) - len(indented) + 1
		if indentedWithTab(lines[i]) {
			message += "; YAML is not indented with tabs"
		}
	}
	f.message = "not YAML: " + message
	return f
}

func indentedWithTab(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, " "), []byte("\t"))
}

type yamlReader struct {
	before int
	// done are the nodes that have been read, because aliases lead to them again; open are those being read.
	done  map[*yaml.Node]*node
	open  map[*yaml.Node]bool
	flaws flaws
	// left is what merge keys may still add.
	left *expansion
	// template is where a template's braces stand, if anywhere.
	template *flaw
}

func (r *yamlReader) at(y *yaml.Node) position { return position{y.Line + r.before, y.Column} }

func (r *yamlReader) flaw(y *yaml.Node, format string, args ...any) {
	r.flaws.add(flaw{position: r.at(y), message: fmt.Sprintf(format, args...)})
}

// named takes a field whose name is no name. In {{ x }} it is what the inner braces hold.
func (r *yamlReader) named(key *yaml.Node) {
	if key.Kind == yaml.MappingNode && key.Style&yaml.FlowStyle != 0 && r.template == nil {
		r.template = &flaw{position: r.at(key)}
	}
	r.flaw(key, "a field's name must be a string")
}

func (r *yamlReader) read(y *yaml.Node) *node {
	if n, ok := r.done[y]; ok {
		return n
	}
	n := &node{position: r.at(y)}
	if r.open[y] {
		r.flaw(y, "the anchor %q contains itself", y.Anchor)
		n.size = 1
		return n
	}
	r.open[y] = true
	switch y.Kind {
	case yaml.AliasNode:
		n = r.read(y.Alias)
	case yaml.SequenceNode:
		n.shape = list
		for _, item := range y.Content {
			n.items = append(n.items, r.read(item))
		}
	case yaml.MappingNode:
		n.shape = object
		n.fields = r.entries(y)
	case yaml.ScalarNode:
		n.shape, n.scalar = scalarOf(y)
		if n.shape == number && n.scalar == "" {
			r.flaw(y, "%s is not a number that JSON can hold", y.Value)
			n.shape = null
		}
	case yaml.DocumentNode:
	}
	delete(r.open, y)
	if y.Kind != yaml.AliasNode {
		n.measure()
	}
	r.done[y] = n
	return n
}

// entries reads a mapping's fields. Those of merge keys come after, unless they are overridden.
func (r *yamlReader) entries(y *yaml.Node) []entry {
	var merged []*yaml.Node
	written := make([]entry, 0, len(y.Content)/2)
	index := make(map[string]int, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Tag == "!!merge" {
			merged = append(merged, value)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			r.named(key)
			continue
		}
		e := entry{position: r.at(y.Content[i]), name: fieldName(key), value: r.read(value)}
		if first, ok := index[e.name]; ok {
			r.flaws.add(twice(e, written[first]))
			written[first] = e
			continue
		}
		index[e.name] = len(written)
		written = append(written, e)
	}
	for _, value := range merged {
		for _, source := range r.mergeSources(value) {
			// Counted before they are copied, overridden or not: a look costs, too.
			if !r.left.take(len(source.fields), 0) {
				return written
			}
			for _, e := range source.fields {
				if _, overridden := index[e.name]; !overridden {
					index[e.name] = len(written)
					written = append(written, e)
				}
			}
		}
	}
	return written
}

func (r *yamlReader) mergeSources(y *yaml.Node) []*node {
	n := r.read(y)
	sources := []*node{n}
	if n.shape == list {
		sources = n.items
	}
	for _, s := range sources {
		if s.shape != object {
			r.flaw(y, "a merge key must be given an object, or a list of them")
			return nil
		}
	}
	return sources
}

// fieldName is the name that the API's clients make of a key: they write numbers and booleans as they understand them.
func fieldName(key *yaml.Node) string {
	if s, value := scalarOf(key); s != null && value != "" {
		return value
	}
	return key.Value
}

var (
	yamlFloat = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	// yamlWords are the words that mean something in the YAML that kubectl and the API server read, which is version 1.1.
	yamlWords = words()
)

func words() map[string]scalar {
	table := map[string]scalar{}
	for value, spellings := range map[scalar]string{
		{boolean, "true"}:  "y Y yes Yes YES true True TRUE on On ON",
		{boolean, "false"}: "n N no No NO false False FALSE off Off OFF",
		{null, ""}:         "~ null Null NULL",
		{number, ""}:       ".nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF",
	} {
		for _, spelling := range strings.Fields(spellings) {
			table[spelling] = value
		}
	}
	table[""] = scalar{null, ""}
	return table
}

type scalar struct {
	shape shape
	value string
}

const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// scalarOf says what a scalar is in JSON. A number that JSON cannot hold has no value.
func scalarOf(y *yaml.Node) (shape, string) {
	tagged := y.Style&yaml.TaggedStyle != 0
	if tagged && (y.Tag == "!!str" || y.Tag == "!!binary") || !tagged && y.Style&quoted != 0 {
		return text, y.Value
	}
	if word, ok := yamlWords[y.Value]; ok {
		return word.shape, word.value
	}
	if c := y.Value[0]; c != '+' && c != '-' && c != '.' && (c < '0' || c > '9') {
		return text, y.Value
	}
	plain := strings.ReplaceAll(y.Value, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return number, strconv.FormatInt(i, 10)
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return number, strconv.FormatUint(u, 10)
	}
	if yamlFloat.MatchString(plain) {
		if f, err := strconv.ParseFloat(plain, 64); err == nil && !math.IsInf(f, 0) {
			return number, jsonFloat(f)
		}
	}
	return text, y.Value
}

// jsonFloat writes a float as encoding/json does: one without a fraction is an integer again.
func jsonFloat(f float64) string {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.FormatFloat(f, format, -1, 64)
}
