// SPDX-License-Identifier: Apache-2.0

package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"unicode/utf8"
)

// jsonDocuments reads the JSON values of a text, one after another.
func jsonDocuments(content []byte) ([]document, *flaw) {
	var documents []document
	r := &jsonReader{content: content, decoder: json.NewDecoder(bytes.NewReader(content))}
	r.decoder.UseNumber()
	for i, c := range content {
		if c == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	for {
		r.flaws = nil
		n, err := r.read()
		if errors.Is(err, io.EOF) && n == nil {
			return documents, nil
		}
		if err != nil {
			at := r.decoder.InputOffset()
			if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
				at = syntax.Offset - 1
			}
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = errors.New("it ends too early")
			}
			return documents, &flaw{position: r.at(int(at)), message: fmt.Sprintf("not JSON: %v", err)}
		}
		documents = append(documents, document{n, r.flaws})
	}
}

type jsonReader struct {
	content []byte
	decoder *json.Decoder
	// lines are the offsets at which the second and further lines start.
	lines []int
	flaws []flaw
}

func (r *jsonReader) at(offset int) position {
	offset = min(max(offset, 0), len(r.content))
	line := sort.SearchInts(r.lines, offset+1)
	start := 0
	if line > 0 {
		start = r.lines[line-1]
	}
	return position{line + 1, utf8.RuneCount(r.content[start:offset]) + 1}
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
			r.flaws = append(r.flaws, twice(e, n.fields[first]))
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

// twice is the flaw of a field that was written before.
func twice(again, first entry) flaw {
	return flaw{
		position:    again.position,
		message:     fmt.Sprintf("field %q occurs twice; the first is in line %d", again.name, first.line),
		symptom:     "the last one counts, and the first is dropped without a word",
		remediation: fmt.Sprintf("keep one %q", again.name),
	}
}
