// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"bytes"
	"strings"
	"time"
)

// This file says how a capture tells its time: what ages (reservations, failures) is as old as it was then, not as it is for
// whoever reads the capture later. The time is in the first line, a comment. JSON has no comments, and so no time.

const (
	capturedBefore = "A cluster's storage as moorage sees it, captured "
	capturedAfter  = " by "
	// maxHead bounds where the end of a file's first line is looked for.
	maxHead = 1 << 10
)

// CapturedLine is the first line of a capture's comment.
func CapturedLine(at time.Time, by string) string {
	return capturedBefore + at.UTC().Format(time.RFC3339) + capturedAfter + by + "."
}

// capturedAt is when the content of a file was captured; zero where it does not say so.
func capturedAt(content []byte) time.Time {
	line, _, _ := bytes.Cut(content[:min(len(content), maxHead)], []byte("\n"))
	rest, found := strings.CutPrefix(string(line), "# "+capturedBefore)
	if !found {
		return time.Time{}
	}
	text, _, _ := strings.Cut(rest, capturedAfter)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
