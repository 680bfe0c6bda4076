// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// typeOf finds the apiVersion and the kind of a JSON object without reading on once it has both: they come first in most
// files, and large clusters have hundreds of thousands of objects. ok is false where they are not found so, which says nothing.
// That the rest is JSON is for who reads it to find out.
func typeOf(document []byte) (head metav1.TypeMeta, ok bool) {
	s := typeScanner{bytes.TrimLeft(document, " \t\r\n")}
	if !s.take('{') {
		return head, false
	}
	for head.APIVersion == "" || head.Kind == "" {
		key, plain := s.text()
		if !plain || !s.take(':') {
			return head, false
		}
		switch key {
		case "apiVersion":
			head.APIVersion, plain = s.text()
		case "kind":
			head.Kind, plain = s.text()
		default:
			plain = s.skip()
		}
		if !plain || head.APIVersion != "" && head.Kind != "" {
			break
		}
		if !s.take(',') {
			return head, false
		}
	}
	return head, head.APIVersion != "" && head.Kind != ""
}

// typeScanner is what is left of a document.
type typeScanner struct{ rest []byte }

// take takes a byte that comes next, and white space before and after it.
func (s *typeScanner) take(c byte) bool {
	s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
	if len(s.rest) == 0 || s.rest[0] != c {
		return false
	}
	s.rest = bytes.TrimLeft(s.rest[1:], " \t\r\n")
	return true
}

// text takes a string; ok is false for one with escapes.
func (s *typeScanner) text() (text string, ok bool) {
	if len(s.rest) == 0 || s.rest[0] != '"' {
		return "", false
	}
	end := bytes.IndexAny(s.rest[1:], "\"\\")
	if end < 0 || s.rest[1+end] != '"' {
		return "", false
	}
	text = string(s.rest[1 : 1+end])
	s.rest = s.rest[end+2:]
	return text, true
}

// skip takes a value of any form, up to the comma or the end of the object that follows it.
func (s *typeScanner) skip() bool {
	depth, quoted := 0, false
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case depth > 0 && (c == '}' || c == ']'):
			depth--
		case depth == 0 && (c == ',' || c == '}'):
			s.rest = s.rest[i:]
			return true
		}
	}
	return false
}
