// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// wire walks through JSON in place. It finds where values begin and end; what a value means is for its caller. It accepts what
// encoding/json accepts (the tests and a fuzz target hold the one against the other).
type wire struct {
	body   []byte
	tokens *jsontext.Decoder
}

func newWire(body []byte) *wire {
	return &wire{body, jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
}

// value returns the bytes of the next value, a part of the body.
func (w *wire) value() ([]byte, error) {
	value, err := w.tokens.ReadValue()
	if err != nil {
		return nil, w.errorf("%w", err)
	}
	end := int(w.tokens.InputOffset())
	return w.body[end-len(value) : end], nil
}

func (w *wire) errorf(format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("at byte %d: the body ends too early", len(w.body))
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return fmt.Errorf("at byte %d: %w", syntactic.ByteOffset, syntactic.Err)
	}
	return fmt.Errorf("at byte %d: %w", w.tokens.InputOffset(), err)
}

// next is the kind of the next value; 0 at the end, and where there is none.
func (w *wire) next() jsontext.Kind { return w.tokens.PeekKind() }

// null reads a null, if one comes next.
func (w *wire) null() (bool, error) {
	if w.next() != 'n' {
		return false, nil
	}
	_, err := w.value()
	return true, err
}

// text returns a string's bytes, with its quotes. plain reports whether what stands between the quotes is the string itself.
func (w *wire) text() (quoted []byte, plain bool, err error) {
	if kind := w.next(); kind != '"' && kind != jsontext.KindInvalid {
		return nil, false, w.errorf("want a string, not %s", kind)
	}
	if quoted, err = w.value(); err != nil {
		return nil, false, err
	}
	for _, c := range quoted {
		if c == '\\' || c >= 0x80 {
			return quoted, false, nil
		}
	}
	return quoted, true, nil
}

// members calls each for every member of the object that comes next; each must read the value.
func (w *wire) members(each func(key []byte) error) error {
	return w.each('{', '}', func() error {
		quoted, plain, err := w.text()
		if err != nil {
			return err
		}
		key := quoted[1 : len(quoted)-1]
		if !plain {
			if key, err = unquoted(quoted); err != nil {
				return w.errorf("%w", err)
			}
		}
		return each(key)
	})
}

// elements calls each for every element of the array that comes next; each must read the element.
func (w *wire) elements(each func() error) error { return w.each('[', ']', each) }

func (w *wire) each(open, end jsontext.Kind, each func() error) error {
	if kind := w.next(); kind != open && kind != jsontext.KindInvalid {
		return w.errorf("want %s, not %s", open, kind)
	}
	if _, err := w.tokens.ReadToken(); err != nil {
		return w.errorf("%w", err)
	}
	for w.next() != end {
		if err := each(); err != nil {
			return err
		}
	}
	if _, err := w.tokens.ReadToken(); err != nil {
		return w.errorf("%w", err)
	}
	return nil
}

// end returns an error where something follows.
func (w *wire) end() error {
	switch _, err := w.tokens.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return w.errorf("%w", err)
	default:
		return w.errorf("more follows after the end of the object")
	}
}

func unquoted(quoted []byte) ([]byte, error) {
	var out string
	if err := json.Unmarshal(quoted, &out); err != nil {
		return nil, err
	}
	return []byte(out), nil
}
