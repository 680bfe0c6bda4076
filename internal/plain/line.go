// SPDX-License-Identifier: Apache-2.0

// Package plain makes what others wrote harmless where it is shown: names of files and objects, messages of servers, words of
// manifests. A terminal takes some characters for commands, a reader is misled by some that turn or hide text, a shell splits
// words, and the runners of continuous integration obey lines that begin in a certain way. It must not know what is shown.
package plain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line returns a text as one line in which every character is seen: control and format characters (line breaks, escape
// sequences, what turns the direction of writing) and bytes that are not UTF-8 are written as \n, \x1b or \u202e.
func Line(s string) string {
	if shown(s) {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		out.WriteString(visible(r, s[:size]))
		s = s[size:]
	}
	return out.String()
}

// shown reports whether every character of a text is seen.
func shown(s string) bool {
	for i, r := range s {
		if hidden(r) || r == utf8.RuneError && !strings.HasPrefix(s[i:], "\ufffd") {
			return false
		}
	}
	return true
}

// hidden reports whether a character does something, or shows nothing, where others are seen: controls, formats, separators of
// lines, private and unassigned characters, and letters without a shape (the Hangul fillers). Blanks of any width are seen.
func hidden(r rune) bool {
	return r >= utf8.RuneSelf && unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || !unicode.IsGraphic(r)
}

// visible is how a character with its bytes is written.
func visible(r rune, bytes string) string {
	switch {
	case r == utf8.RuneError && len(bytes) == 1:
		return fmt.Sprintf(`\x%02x`, bytes[0])
	case !hidden(r):
		return bytes
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return fmt.Sprintf(`\U%08x`, r)
	}
}
