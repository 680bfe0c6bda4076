// SPDX-License-Identifier: Apache-2.0

package plain

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"sync"
)

// Writer writes lines of text in which nothing is hidden and that no runner obeys, whatever it is given. It keeps the last line
// until it ends, or Flush is called. It is safe for concurrent use.
type Writer struct {
	under io.Writer
	color bool

	mu   sync.Mutex
	line []byte
}

// NewWriter returns a writer on another. With color the few sequences with which moorage paints pass.
func NewWriter(under io.Writer, color bool) *Writer { return &Writer{under: under, color: color} }

// Raw returns what is below a Writer, or the writer itself if it is none. It is for those who write another format than text, and
// escape by its rules.
func Raw(w io.Writer) io.Writer {
	if p, ok := w.(*Writer); ok {
		return p.under
	}
	return w
}

func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		w.line = append(w.line, p...)
		return len(p), nil
	}
	lines := string(append(w.line, p[:end]...))
	w.line = append([]byte(nil), p[end:]...)
	if _, err := io.WriteString(w.under, w.clean(lines)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes a line that has not ended.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	rest := string(w.line)
	w.line = nil
	if rest == "" {
		return nil
	}
	_, err := io.WriteString(w.under, w.clean(rest))
	return err
}

// painted matches the sequences that choose a color, a weight, or neither.
var painted = regexp.MustCompile("\x1b\\[(?:[012]|(?:1;)?3[1-3])m")

func (w *Writer) clean(text string) string {
	var out strings.Builder
	for whole := range strings.Lines(text) {
		line, ended := strings.CutSuffix(whole, "\n")
		for len(line) > 0 {
			// Up to the next color, which is kept.
			part, paint := line, ""
			if at := painted.FindStringIndex(line); w.color && at != nil {
				part, paint = line[:at[0]], line[at[0]:at[1]]
			}
			line = line[len(part)+len(paint):]
			out.WriteString(quiet(keepTabs(part)) + paint)
		}
		if ended {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// keepTabs is Line for a text whose tabs only move what follows.
func keepTabs(s string) string {
	if !strings.Contains(s, "\t") {
		return Line(s)
	}
	parts := strings.Split(s, "\t")
	for i := range parts {
		parts[i] = Line(parts[i])
	}
	return strings.Join(parts, "\t")
}

// Clean reports whether a writer would leave a text as it is.
func Clean(text string) bool {
	w := Writer{}
	return w.clean(text) == text
}
