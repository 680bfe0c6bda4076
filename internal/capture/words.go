// SPDX-License-Identifier: Apache-2.0

package capture

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// words replaces the words of names: runs of letters and digits, and UUIDs, which count as one. What is between them stays. So
// two names that are equal stay equal, and one that is made of others stays made of them: a StatefulSet's claims still go with
// its pods, the claim of an ephemeral volume with its pod, a volume's zone with the nodes' label. New words sort as the old
// ones did, so that what is decided by the order of names is decided alike.
//
// It is used twice over the same names: first it gathers words, then, after seal, it replaces them.
type words struct {
	gathered map[string]struct{}
	// replaced is nil while words are gathered.
	replaced map[string]string
}

// keptWords tell nothing of a cluster, and some are looked for: by the translation of in-tree volumes to CSI, by people.
var keptWords = map[string]bool{
	"aws": true, "vol": true, "pvc": true, "pv": true, "topology": true, "true": true, "false": true,
	"default": true, "kube": true, "system": true,
}

func (w *words) seal() {
	all := slices.Sorted(maps.Keys(w.gathered))
	width := len(fmt.Sprint(len(all)))
	w.replaced = make(map[string]string, len(all))
	for i, word := range all {
		w.replaced[word] = fmt.Sprintf("w%0*d", width, i+1)
	}
}

func (w *words) word(word string) string {
	if keptWords[word] {
		return word
	}
	if w.replaced == nil {
		w.gathered[word] = struct{}{}
		return word
	}
	return w.replaced[word]
}

// in replaces the words of a text.
func (w *words) in(text string) string {
	var out strings.Builder
	for len(text) > 0 {
		n := wordLength(text)
		switch n {
		case 0:
			out.WriteByte(text[0])
			n = 1
		default:
			out.WriteString(w.word(text[:n]))
		}
		text = text[n:]
	}
	return out.String()
}

// wordLength is the length of the word that the text begins with; 0 where it begins with none.
func wordLength(text string) int {
	if n := uuidLength(text); n > 0 {
		return n
	}
	n := 0
	for n < len(text) && isWordByte(text[n]) {
		n++
	}
	return n
}

func isWordByte(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b >= 0x80
}

// uuidParts are the lengths of the parts of a UUID.
var uuidParts = []int{8, 4, 4, 4, 12}

func uuidLength(text string) int {
	at := 0
	for i, length := range uuidParts {
		if i > 0 {
			if at >= len(text) || text[at] != '-' {
				return 0
			}
			at++
		}
		for range length {
			if at >= len(text) || !strings.ContainsRune("0123456789abcdef", rune(text[at])) {
				return 0
			}
			at++
		}
	}
	if at < len(text) && isWordByte(text[at]) {
		return 0
	}
	return at
}

// countWords is the number of words in a text.
func countWords(text string) int {
	n := 0
	for len(text) > 0 {
		length := wordLength(text)
		if length > 0 {
			n++
		}
		text = text[max(length, 1):]
	}
	return n
}
