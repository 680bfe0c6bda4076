// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

var oneWord = regexp.MustCompile(`^[A-Za-z0-9_@+:,./-][A-Za-z0-9_@%+=:,./-]*$`)

// Quote returns a word as a shell takes it: as it is if nothing in it means anything to one, else between quotes. What is not
// seen is written with escapes, between $' and ', which bash, zsh, ksh and POSIX since 2024 know.
func Quote(word string) string {
	switch {
	case oneWord.MatchString(word):
		return word
	case shown(word):
		word = strings.ReplaceAll(word, `'`, `'\''`)
		if strings.Contains(word, "##") {
			// So that no runner sees a command, and a writer does not change what is to be copied.
			word = strings.ReplaceAll(word, "#", "#''")
		}
		return `'` + word + `'`
	}
	var out strings.Builder
	out.WriteString(`$'`)
	for len(word) > 0 {
		r, size := utf8.DecodeRuneInString(word)
		switch bytes := word[:size]; {
		case r == '\'' || r == '\\':
			out.WriteString(`\` + bytes)
		case r == '#' || hidden(r) || r == utf8.RuneError && size == 1:
			for i := range len(bytes) {
				fmt.Fprintf(&out, `\%03o`, bytes[i])
			}
		default:
			out.WriteString(bytes)
		}
		word = word[size:]
	}
	out.WriteByte('\'')
	return out.String()
}
