// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON returns JSON that means the same, in which every character is seen: those that Line would change are written as \u202e,
// and each second # as \u0023, so that no runner finds a command in a string. Neither can be outside of strings.
func JSON(text []byte) []byte {
	return escape(text, func(r rune) string {
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			return fmt.Sprintf(`\u%04x\u%04x`, high, low)
		}
		return fmt.Sprintf(`\u%04x`, r)
	})
}

// YAML is JSON for those who read it as YAML, where an escape is a whole character.
func YAML(text []byte) []byte {
	return escape(text, func(r rune) string {
		if r > 0xffff {
			return fmt.Sprintf(`\U%08x`, r)
		}
		return fmt.Sprintf(`\u%04x`, r)
	})
}

func escape(text []byte, escaped func(rune) string) []byte {
	if !bytes.Contains(text, []byte("##")) && !bytes.ContainsFunc(text, func(r rune) bool { return r != '\n' && hidden(r) }) {
		return text
	}
	var out bytes.Buffer
	out.Grow(len(text))
	var last rune
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == '#' && last == '#' || r != '\n' && hidden(r) {
			out.WriteString(escaped(r))
			r = 0
		} else {
			out.Write(text[:size])
		}
		last, text = r, text[size:]
	}
	return out.Bytes()
}

// JSONWriter returns a writer of JSON, each write of which is whole values, that writes what JSON makes of it.
func JSONWriter(w io.Writer) io.Writer { return valueWriter{w, JSON} }

// YAMLWriter is JSONWriter for YAML.
func YAMLWriter(w io.Writer) io.Writer { return valueWriter{w, YAML} }

type valueWriter struct {
	under   io.Writer
	escaped func([]byte) []byte
}

func (w valueWriter) Write(p []byte) (int, error) {
	if _, err := w.under.Write(w.escaped(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}
