// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

const (
	reset     = "\x1b[0m"
	boldRed   = "\x1b[1;31m"
	boldGreen = "\x1b[1;32m"
)

// headline writes the first sentence, with its first letter as it is.
func headline(out *bytes.Buffer, sentence string, good, color bool) {
	sentence = text.Wrap(width, plain.Line(sentence), "", "  ")
	switch {
	case !color:
	case good:
		sentence = boldGreen + sentence + reset
	default:
		sentence = boldRed + sentence + reset
	}
	fmt.Fprintln(out, sentence)
}

func orDash(s string) string { return cmp.Or(s, "-") }
