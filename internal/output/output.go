// SPDX-License-Identifier: Apache-2.0

// Package output has the words and the layout of all that commands tell: sentences, tables and pictures for people, and versioned kinds in
// JSON and YAML for programs, whose fields do not change their meaning. It gets data, decides nothing, and must not know how anything was
// found.
package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/internal/plain"
)

// apiVersion is the version of the kinds that commands write.
const apiVersion = "moorage.dev/v1alpha1"

// width is how many columns a line of text fills at most, if its words allow.
const width = 100

// Outputs are the forms that reference commands can write.
var Outputs = []string{"text", "json", "yaml"}

// write writes a value in one of the outputs; text is made only if it is asked for.
func write(w io.Writer, output string, value any, tell func(*bytes.Buffer)) error {
	switch output {
	case "text":
		var out bytes.Buffer
		tell(&out)
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

// JSON writes a value indented, leaves &, < and > as they are, and escapes what is not seen.
func JSON(w io.Writer, v any) error {
	return encode(plain.JSONWriter(plain.Raw(w)), v)
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
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
		if err = encode(&out, value); err != nil {
			return err
		}
		text = plain.YAML(out.Bytes())
	}
	_, err = plain.Raw(w).Write(text)
	return err
}
