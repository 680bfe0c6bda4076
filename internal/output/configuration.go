// SPDX-License-Identifier: Apache-2.0

package output

import (
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/plain"
)

// configurationSchema is where the schema of the newest release is.
const configurationSchema = "https://github.com/moorage-k8s/moorage/releases/latest/download/moorage-configuration.schema.json"

// ConfigurationText writes what is wrong with a file, a line for each thing, as compilers do.
func ConfigurationText(w io.Writer, path string, faults []config.Fault) error {
	if len(faults) == 0 {
		_, err := fmt.Fprintf(w, "%s: nothing is wrong\n", path)
		return err
	}
	for _, f := range faults {
		at := path
		if f.Line > 0 {
			at = fmt.Sprintf("%s:%d", path, f.Line)
		}
		if f.Path != "" {
			at += ": " + plain.Line(f.Path)
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", at, plain.Line(f.Message)); err != nil {
			return err
		}
	}
	return nil
}

// ConfigurationCheck is what `config check -o json` writes.
type ConfigurationCheck struct {
	APIVersion string         `json:"apiVersion"`
	Kind       string         `json:"kind"`
	File       string         `json:"file"`
	Faults     []config.Fault `json:"faults"`
}

// ConfigurationJSON writes the same as a versioned kind.
func ConfigurationJSON(w io.Writer, path string, faults []config.Fault) error {
	if faults == nil {
		faults = []config.Fault{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(ConfigurationCheck{APIVersion: config.APIVersion, Kind: "ConfigurationCheck", File: path, Faults: faults})
}

// Configuration writes a configuration as a file, without the fields that are empty.
func Configuration(w io.Writer, c *config.Configuration) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	var fields map[string]any
	if err = json.Unmarshal(text, &fields); err != nil {
		return err
	}
	out, err := yaml.Marshal(withoutEmpty(fields))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "# yaml-language-server: $schema=%s\n%s", configurationSchema, out)
	return err
}

// withoutEmpty leaves out what is null or empty, at any depth. false and 0 are values.
func withoutEmpty(of map[string]any) map[string]any {
	out := map[string]any{}
	for name, value := range of {
		switch v := value.(type) {
		case nil:
		case string:
			if v != "" {
				out[name] = v
			}
		case map[string]any:
			if inner := withoutEmpty(v); len(inner) > 0 {
				out[name] = inner
			}
		case []any:
			var items []any
			for _, item := range v {
				if fields, ok := item.(map[string]any); ok {
					item = withoutEmpty(fields)
				}
				items = append(items, item)
			}
			if len(items) > 0 {
				out[name] = items
			}
		default:
			out[name] = value
		}
	}
	return out
}
