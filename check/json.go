// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// jsonDocuments reads the JSON values of a text, one after another.
func jsonDocuments(content []byte) ([]document, *flaw) {
	var documents []document
	r := &jsonReader{content: content, decoder: json.NewDecoder(bytes.NewReader(content))}
	r.decoder.UseNumber()
	for {
		r.flaws = flaws{}
		n, err := r.read()
		if errors.Is(err, io.EOF) && n == nil {
			return documents, nil
		}
		if err != nil {
			if deep := (tooDeepError{}); errors.As(err, &deep) {
				return documents, &flaw{position: deep.position, message: "not JSON that an API server reads: " + deep.Error()}
			}
			at := r.decoder.InputOffset()
			if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
				at = syntax.Offset - 1
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = errors.New("it ends too early")
			}
			return documents, &flaw{position: r.at(int(at)), message: fmt.Sprintf("not JSON: %v", err)}
		}
		documents = append(documents, document{n, r.flaws.list})
	}
}

type jsonReader struct {
	content []byte
	decoder *json.Decoder
	// depth is how many objects and lists are open.
	depth int
	// passed is the last offset whose position was asked for, and place that position: offsets come in order, and counting
	// goes on from there.
	passed int
	place  position
	flaws  flaws
}

func (r *jsonReader) at(offset int) position {
	offset = min(max(offset, 0), len(r.content))
	if offset < r.passed || r.place.line == 0 {
		r.passed, r.place = 0, position{1, 1}
	}
	between := r.content[r.passed:offset]
	if last := bytes.LastIndexByte(between, '\n'); last >= 0 {
		r.place = position{r.place.line + bytes.Count(between, []byte("\n")), 1}
		between = between[last+1:]
	}
	r.place.column += utf8.RuneCount(between)
	r.passed = offset
	return r.place
}

// token returns the next token and where it starts.
func (r *jsonReader) token() (json.Token, position, error) {
	offset := int(r.decoder.InputOffset())
	for offset < len(r.content) && bytes.IndexByte([]byte(" \t\r\n,:"), r.content[offset]) >= 0 {
		offset++
	}
	token, err := r.decoder.Token()
	if errors.Is(err, io.EOF) && offset < len(r.content) {
		err = io.ErrUnexpectedEOF
	}
	return token, r.at(offset), err
}

func (r *jsonReader) read() (*node, error) {
	token, at, err := r.token()
	if err != nil {
		return nil, err
	}
	n := &node{position: at}
	switch value := token.(type) {
	case nil:
	case bool:
		n.shape, n.scalar = boolean, fmt.Sprint(value)
	case json.Number:
		n.shape, n.scalar = number, value.String()
	case string:
		n.shape, n.scalar = text, value
	case json.Delim:
		if err := r.inside(n, value); err != nil {
			return n, err
		}
	}
	n.measure()
	return n, nil
}

// inside reads what is between brackets or braces, and the closing one.
func (r *jsonReader) inside(n *node, open json.Delim) error {
	if r.depth++; r.depth > maxDepth {
		return tooDeepError{n.position}
	}
	defer func() { r.depth-- }()
	n.shape = list
	if open == '{' {
		n.shape = object
	}
	index := map[string]int{}
	for r.decoder.More() {
		if n.shape == list {
			item, err := r.read()
			if err != nil {
				return unexpected(err)
			}
			n.items = append(n.items, item)
			continue
		}
		name, at, err := r.token()
		if err != nil {
			return unexpected(err)
		}
		value, err := r.read()
		if err != nil {
			return unexpected(err)
		}
		e := entry{position: at, name: fmt.Sprint(name), value: value}
		if first, ok := index[e.name]; ok {
			r.flaws.add(twice(e, n.fields[first]))
			n.fields[first] = e
			continue
		}
		index[e.name] = len(n.fields)
		n.fields = append(n.fields, e)
	}
	_, _, err := r.token()
	return unexpected(err)
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// maxDepth is how many objects and lists may be open at one place: what the API server reads at most, and YAML's reader.
const maxDepth = 10_000

// tooDeepError is the error for what is deeper.
type tooDeepError struct{ position }

func (tooDeepError) Error() string {
	return fmt.Sprintf("more than %d objects and lists are open here", maxDepth)
}

// twice is the flaw of a field that was written before.
func twice(again, first entry) flaw {
	return flaw{
		position:    again.position,
		message:     fmt.Sprintf("field %q occurs twice; the first is in line %d", again.name, first.line),
		symptom:     "the last one counts, and the first is dropped silently",
		remediation: fmt.Sprintf("keep one %q", again.name),
	}
}
