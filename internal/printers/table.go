// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// table writes rows in aligned columns, the first as a heading.
func table(out *bytes.Buffer, rows [][]string) {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush()
}

// Outputs are the forms that reference commands can write.
var Outputs = []string{"text", "json", "yaml"}

// write writes a value in one of the outputs; text is made only if it is asked for.
func write(w io.Writer, output string, value any, text func(*bytes.Buffer)) error {
	switch output {
	case "text":
		var out bytes.Buffer
		text(&out)
		_, err := w.Write(out.Bytes())
		return err
	case "json":
		return JSON(w, value)
	case "yaml":
		return writeYAML(w, value)
	default:
		return fmt.Errorf("output %q: want text, json or yaml", output)
	}
}

// writeYAML writes a value as YAML. Block and plain scalars cannot hide anything, nor keep a text from the start of a line. So a
// value with something in it that is not seen, or that a runner would obey, is written as JSON, which is YAML as well.
func writeYAML(w io.Writer, value any) error {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	if !plain.Clean(string(text)) {
		var out bytes.Buffer
		e := json.NewEncoder(&out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		if err = e.Encode(value); err != nil {
			return err
		}
		text = plain.YAML(out.Bytes())
	}
	_, err = plain.Raw(w).Write(text)
	return err
}
