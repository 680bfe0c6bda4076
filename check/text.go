// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"strings"
)

// chunk is the text of one document, or of several in the rare case that they are divided by "..." only.
type chunk struct {
	content []byte
	// before is the number of lines of the file before it.
	before int
}

// split divides YAML before each line that starts with "---", so that a fault in one document leaves the others to be read.
// YAML allows such a line nowhere else.
func split(content []byte) []chunk {
	var chunks []chunk
	current := chunk{content: content[:0]}
	start, line, prologue := 0, 0, true
	for at := 0; at < len(content); {
		end := len(content)
		if i := bytes.IndexByte(content[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		this := bytes.TrimRight(content[at:end], " \t\r\n")
		if bytes.HasPrefix(this, []byte("---")) && (len(this) == 3 || this[3] == ' ' || this[3] == '\t') && !prologue {
			current.content = content[start:at]
			chunks = append(chunks, current)
			start, current = at, chunk{before: line}
		}
		// Comments and directives before the first "---" belong to what follows it.
		prologue = prologue && (len(this) == 0 || this[0] == '#' || this[0] == '%')
		at = end
		line++
	}
	current.content = content[start:]
	return append(chunks, current)
}

// sourceHint returns the template that helm says a document was made from.
func sourceHint(content []byte) string {
	const mark = "# Source:"
	for line := range bytes.Lines(content) {
		this := strings.TrimSpace(string(line))
		if source, ok := strings.CutPrefix(this, mark); ok {
			return strings.TrimSpace(source)
		}
		if this != "" && this[0] != '#' && this != "---" {
			return ""
		}
	}
	return ""
}
