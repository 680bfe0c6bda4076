// SPDX-License-Identifier: Apache-2.0

package rules

import "strings"

// mistyped says that one name may be the other with a slip in it, and not the next of a series (data-0 and data-1, gp2 and gp3, a-rwo and
// a-rwx): they have as many words, and differ in one, by a letter that is missing, one too many, two that changed places, or, in a word of
// five letters and more, another one.
func mistyped(name, other string) bool {
	a, b := strings.FieldsFunc(name, betweenWords), strings.FieldsFunc(other, betweenWords)
	if len(a) != len(b) {
		return false
	}
	differ := 0
	for i := range a {
		if a[i] == b[i] {
			continue
		}
		differ++
		if !slipped(a[i], b[i]) {
			return false
		}
	}
	return differ == 1
}

func betweenWords(r rune) bool { return strings.ContainsRune("./-_", r) }

func slipped(a, b string) bool {
	const least, leastReplaced = 4, 5
	if len(a) < len(b) {
		a, b = b, a
	}
	if strings.ContainsAny(a+b, "0123456789") && digits(a) != digits(b) {
		return false
	}
	at := 0
	for at < len(b) && a[at] == b[at] {
		at++
	}
	switch {
	case len(a) == len(b)+1:
		return len(a) >= least && a[at+1:] == b[at:]
	case len(a) != len(b):
		return false
	case a[at+1:] == b[at+1:]:
		return len(a) >= leastReplaced
	}
	return at+1 < len(a) && a[at] == b[at+1] && a[at+1] == b[at] && a[at+2:] == b[at+2:]
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
