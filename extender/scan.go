// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"encoding/json"
	"errors"
	"fmt"
)

// scanner walks through JSON in place. It finds where values begin and end; what a value means is for its caller. It
// accepts what encoding/json accepts (the tests and a fuzz target hold the one against the other).
type scanner struct {
	data []byte
	pos  int
}

var errEnd = errors.New("the body ends too early")

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d: %w", s.pos, fmt.Errorf(format, args...))
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

func (s *scanner) expect(c byte) error {
	switch got := s.peek(); got {
	case c:
		s.pos++
		return nil
	case 0:
		return s.errorf("%w: %q is missing", errEnd, c)
	default:
		return s.errorf("expected %q, found %q", c, got)
	}
}

// text returns a string's bytes, with its quotes. plain tells that what stands between the quotes is the string itself.
func (s *scanner) text() (quoted []byte, plain bool, err error) {
	if err := s.expect('"'); err != nil {
		return nil, false, err
	}
	start := s.pos - 1
	plain = true
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return s.data[start:s.pos], plain, nil
		case c == '\\':
			plain = false
			s.pos++
		case c < 0x20:
			return nil, false, s.errorf("a control character in a string")
		case c >= 0x80:
			plain = false
		}
		s.pos++
	}
	return nil, false, s.errorf("%w: a string has no end", errEnd)
}

// value returns the bytes of the next value, valid JSON.
func (s *scanner) value() ([]byte, error) {
	s.space()
	start := s.pos
	depth := 0
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case '"':
			if _, _, err := s.text(); err != nil {
				return nil, err
			}
			if depth > 0 {
				continue
			}
		case '{', '[':
			depth++
			s.pos++
			continue
		case '}', ']':
			if depth--; depth >= 0 {
				s.pos++
			}
			if depth > 0 {
				continue
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth > 0 {
				s.pos++
				continue
			}
		default:
			s.pos++
			if depth > 0 || (s.pos < len(s.data) && !ends(s.data[s.pos])) {
				continue
			}
		}
		break
	}
	found := s.data[start:s.pos]
	if !json.Valid(found) {
		s.pos = start
		return nil, s.errorf("no valid JSON value")
	}
	return found, nil
}

// ends tells whether a number or a word ends before c.
func ends(c byte) bool {
	switch c {
	case ',', ':', ' ', '\t', '\n', '\r', '}', ']', '{', '[', '"':
		return true
	default:
		return false
	}
}

// members calls each for every member of the object that comes next; each must read the value.
func (s *scanner) members(each func(key []byte) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.pos++
		return nil
	}
	for {
		quoted, plain, err := s.text()
		if err != nil {
			return err
		}
		key := quoted[1 : len(quoted)-1]
		if !plain {
			if key, err = unquoted(quoted); err != nil {
				return s.errorf("%w", err)
			}
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := each(key); err != nil {
			return err
		}
		if s.peek() != ',' {
			return s.expect('}')
		}
		s.pos++
	}
}

// elements calls each for every element of the array that comes next; each must read the element.
func (s *scanner) elements(each func() error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.pos++
		return nil
	}
	for {
		if err := each(); err != nil {
			return err
		}
		if s.peek() != ',' {
			return s.expect(']')
		}
		s.pos++
	}
}

// null reads a null, if one comes next.
func (s *scanner) null() bool {
	if s.peek() == 'n' && s.pos+4 <= len(s.data) && string(s.data[s.pos:s.pos+4]) == "null" {
		s.pos += 4
		return true
	}
	return false
}

func unquoted(quoted []byte) ([]byte, error) {
	var out string
	if err := json.Unmarshal(quoted, &out); err != nil {
		return nil, err
	}
	return []byte(out), nil
}
