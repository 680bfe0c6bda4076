// SPDX-License-Identifier: Apache-2.0

package text

import (
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text between words, so that its lines have at most so many columns where the words allow; with 0 it is one line. The first
// line starts with one string, the others with another.
func Wrap(columns int, s, first, rest string) string {
	var out strings.Builder
	out.WriteString(first)
	column := utf8.RuneCountInString(first)
	empty := true
	for word := range strings.FieldsSeq(s) {
		length := utf8.RuneCountInString(word)
		switch {
		case empty:
		case columns > 0 && column+1+length > columns:
			out.WriteString("\n" + rest)
			column = utf8.RuneCountInString(rest)
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += length
		empty = false
	}
	return out.String()
}

// Reflow fills the paragraphs of a text. Lines that are indented are not part of one, and stay as they are.
func Reflow(columns int, s string) string {
	var out strings.Builder
	var paragraph []string
	end := func() {
		if len(paragraph) > 0 {
			out.WriteString(Wrap(columns, strings.Join(paragraph, " "), "", "") + "\n")
			paragraph = nil
		}
	}
	for line := range strings.Lines(s) {
		line = strings.TrimRight(line, "\n")
		if line != "" && !strings.HasPrefix(line, " ") {
			paragraph = append(paragraph, line)
			continue
		}
		end()
		out.WriteString(line + "\n")
	}
	end()
	return out.String()
}
