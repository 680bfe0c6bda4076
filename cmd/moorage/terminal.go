// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// terminal returns the terminal that a command's stream ends at.
func terminal(stream io.Writer) (fd int, ok bool) {
	file, ok := plain.Raw(stream).(*os.File)
	if !ok {
		return 0, false
	}
	fd = int(file.Fd())
	return fd, term.IsTerminal(fd)
}

func isTerminal(stream io.Writer) bool {
	_, ok := terminal(stream)
	return ok
}

// colored reports whether text to a stream is painted.
func colored(stream io.Writer) bool { return isTerminal(stream) && os.Getenv("NO_COLOR") == "" }

// height is how many lines a screen has: what $LINES says, or the terminal, and as many as a usual one where neither is known.
func height(stream io.Writer) int {
	const usual, least = 40, 16
	if lines, err := strconv.Atoi(os.Getenv("LINES")); err == nil && lines > 0 {
		return max(lines, least)
	}
	if fd, ok := terminal(stream); ok {
		if _, lines, err := term.GetSize(fd); err == nil && lines > 0 {
			return max(lines, least)
		}
	}
	return usual
}

// width is how many columns a line has room for: what $COLUMNS says, or the terminal. It is 0, for any number, where neither is
// known, as in a pipe.
func width(stream io.Writer) int {
	const least = 40
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return max(columns, least)
	}
	if fd, ok := terminal(stream); ok {
		if columns, _, err := term.GetSize(fd); err == nil && columns > 0 {
			return max(columns, least)
		}
		return 100
	}
	return 0
}
