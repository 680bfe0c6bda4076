// SPDX-License-Identifier: Apache-2.0

package printers

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/yaml"
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
		out, err := yaml.Marshal(value)
		if err != nil {
			return err
		}
		_, err = w.Write(out)
		return err
	default:
		return fmt.Errorf("output %q: want text, json or yaml", output)
	}
}
