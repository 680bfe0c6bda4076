// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/moorage-k8s/moorage/internal/textfile"
)

// form is how the documents of a file follow each other.
type form int

const (
	// anyForm is that of a file without an ending: JSON is many values in a row, as YAML is not.
	anyForm form = iota
	yamlForm
	jsonForm
)

func formOf(path string) form {
	switch textfile.Extension(path) {
	case ".json":
		return jsonForm
	case ".yaml", ".yml":
		return yamlForm
	default:
		return anyForm
	}
}

// splitting splits a text into its documents, as it comes.
type splitting struct {
	from io.Reader
	form form
	// part is how much is read before documents are handed out.
	part int
	// size is how large the text may be, 0 where nobody knows.
	size int
	// text is what was read; begun is where in it what was not handed out begins; lines is how many lines came before text.
	text  []byte
	begun int
	lines int
	ended bool
}

// next returns the documents that come next, which are valid until it is called again. They are read as a part, or more where a
// document is larger. With an error, which is io.EOF at the end, it may return the documents before.
func (s *splitting) next() ([][]byte, error) {
	s.lines += bytes.Count(s.text[:s.begun], newline)
	s.text = s.text[:copy(s.text, s.text[s.begun:])]
	s.begun = 0
	for most := max(s.part, 2*len(s.text)); ; most *= 2 {
		if err := s.fill(most); err != nil {
			return nil, err
		}
		documents, rest, err := s.split()
		s.begun = rest
		if err == nil && s.ended {
			err = io.EOF
		}
		if len(documents) > 0 || err != nil {
			return documents, err
		}
	}
}

// fill reads until there are so many bytes, or no more; all, where that is less than twice as many.
func (s *splitting) fill(to int) error {
	if to <= s.size && s.size < 2*to {
		// With one more byte it is seen that there are no more.
		to = s.size + 1
	}
	if cap(s.text) < to {
		s.text = append(make([]byte, 0, to), s.text...)
	}
	for len(s.text) < to && !s.ended {
		n, err := s.from.Read(s.text[len(s.text):to])
		s.text = s.text[:len(s.text)+n]
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		s.ended = err != nil
	}
	return nil
}

// split returns the documents that the text holds whole, and where the next begins.
func (s *splitting) split() (documents [][]byte, rest int, err error) {
	if s.form == anyForm {
		if s.form = formOfText(s.text, s.ended); s.form == anyForm {
			return nil, 0, nil
		}
	}
	if s.form == yamlForm {
		documents, rest = yamlDocuments(s.text, s.ended)
		return documents, rest, nil
	}
	documents, rest, err = jsonDocuments(s.text, s.ended)
	var syntax *syntaxError
	if errors.As(err, &syntax) {
		syntax.line += s.lines
	}
	return documents, rest, err
}

// formOfText returns the form of a text that begins so; anyForm where that is not to be seen yet. JSON may be YAML too, and a text
// with one value of it may go on as YAML does.
func formOfText(text []byte, ended bool) form {
	begin := bytes.TrimLeft(text, white)
	if len(begin) == 0 && !ended {
		return anyForm
	}
	if !bytes.HasPrefix(begin, []byte("{")) {
		return yamlForm
	}
	values := 0
	for _, err := range jsonValues(text, ended) {
		if err != nil {
			return yamlForm
		}
		if values++; values == 2 {
			return jsonForm
		}
	}
	if ended {
		return jsonForm
	}
	return anyForm
}

const white = " \t\r\n"

var newline = []byte("\n")

// separator stands between the documents of a file, at the beginning of a line that holds nothing else.
const separator = "---"

// yamlDocuments splits a text at its separators, as kubectl does (YAMLReader of k8s.io/apimachinery/pkg/util/yaml): nothing
// between two of them is no document. What follows the last separator is a document if the text ends there; rest is where what is
// none begins.
func yamlDocuments(text []byte, ended bool) (documents [][]byte, rest int) {
	add := func(document []byte) {
		if len(document) > 0 {
			documents = append(documents, document)
		}
	}
	start, from := 0, 0
	for {
		at := bytes.Index(text[from:], []byte(separator))
		if at < 0 {
			break
		}
		at += from
		from = at + len(separator)
		if at > 0 && text[at-1] != '\n' {
			continue
		}
		end := len(text)
		if newline := bytes.IndexByte(text[from:], '\n'); newline >= 0 {
			end = from + newline + 1
		} else if !ended {
			break
		}
		if len(bytes.TrimSpace(text[from:end])) == 0 {
			add(text[start:at])
			start, from = end, end
		}
	}
	if !ended {
		return documents, start
	}
	add(text[start:])
	return documents, len(text)
}

// syntaxError says that a text is not JSON. It continues a sentence that ends with the number of the document.
type syntaxError struct {
	line  int
	cause error
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf(" is not JSON: line %d: %v", e.line, e.cause)
}
func (e *syntaxError) Unwrap() error { return e.cause }

// asJSON are the options for JSON that the API server would read too.
var asJSON = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// jsonDocuments splits a text into its values. On an error it returns the documents before. A value that is not whole is none if
// the text goes on; rest is where it begins.
func jsonDocuments(text []byte, ended bool) (documents [][]byte, rest int, err error) {
	for value, err := range jsonValues(text, ended) {
		if err != nil {
			return documents, rest, err
		}
		documents, rest = append(documents, value.text), value.end
	}
	return documents, rest, nil
}

// jsonValues returns the values of a text, and at last what is wrong with it, where something is.
func jsonValues(text []byte, ended bool) iter.Seq2[jsonValue, error] {
	return func(yield func(jsonValue, error) bool) {
		decoder := jsontext.NewDecoder(bytes.NewBuffer(text), asJSON...)
		for {
			begun := int(decoder.InputOffset())
			value, err := decoder.ReadValue()
			end := int(decoder.InputOffset())
			switch {
			case err == nil && !ended && end == len(text) && value.Kind() == '0':
				// More digits may follow.
				return
			case err == nil:
				if !yield(jsonValue{text[end-len(value) : end], end}, nil) {
					return
				}
				continue
			case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && !ended:
				return
			}
			cause, at := err, begun
			var syntactic *jsontext.SyntacticError
			if errors.As(err, &syntactic) {
				cause, at = syntactic.Err, int(syntactic.ByteOffset)
			}
			yield(jsonValue{}, &syntaxError{1 + bytes.Count(text[:min(at, len(text))], newline), cause})
			return
		}
	}
}

// jsonValue is a part of a text, and where in it that ends.
type jsonValue struct {
	text []byte
	end  int
}

// itemsOf returns the items of a v1 List that is JSON. They are parts of it.
func itemsOf(document []byte) (items [][]byte, err error) {
	decoder := jsontext.NewDecoder(bytes.NewBuffer(document), asJSON...)
	_, err = decoder.ReadToken()
	for err == nil && decoder.PeekKind() == '"' {
		var name jsontext.Token
		if name, err = decoder.ReadToken(); err != nil {
			return nil, err
		}
		if strings.EqualFold(name.String(), "items") {
			items, err = valuesOf(decoder, document)
		} else {
			err = decoder.SkipValue()
		}
	}
	if err == nil {
		_, err = decoder.ReadToken()
	}
	return items, err
}

// valuesOf returns the values of the array, or null, that a decoder of a document comes to.
func valuesOf(decoder *jsontext.Decoder, document []byte) (values [][]byte, err error) {
	switch decoder.PeekKind() {
	case 'n':
		return nil, decoder.SkipValue()
	case '[':
		_, err = decoder.ReadToken()
	default:
		return nil, errors.New("its items are no list")
	}
	for err == nil && decoder.PeekKind() != ']' {
		var value jsontext.Value
		if value, err = decoder.ReadValue(); err == nil {
			end := int(decoder.InputOffset())
			values = append(values, document[end-len(value):end])
		}
	}
	if err == nil {
		_, err = decoder.ReadToken()
	}
	return values, err
}
