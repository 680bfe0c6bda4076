// SPDX-License-Identifier: Apache-2.0

package synthetic

import (
	"bufio"
	"encoding/json"
	"io"

	"sigs.k8s.io/yaml"
)

// WriteJSONList writes a cluster as one v1 List in JSON, as kubectl get -o json does.
func WriteJSONList(to io.Writer, size Size) error {
	out := bufio.NewWriter(to)
	_, _ = out.WriteString("{\n    \"apiVersion\": \"v1\",\n    \"items\": [")
	between := "\n        "
	for o := range Objects(size) {
		object, err := typed(o)
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(object, "        ", "    ")
		if err != nil {
			return err
		}
		_, _ = out.WriteString(between)
		_, _ = out.Write(text)
		between = ",\n        "
	}
	_, _ = out.WriteString("\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n")
	return out.Flush()
}

// WriteYAMLList writes a cluster as one v1 List in YAML, as kubectl get -o yaml does.
func WriteYAMLList(to io.Writer, size Size) error {
	out := bufio.NewWriter(to)
	_, _ = out.WriteString("apiVersion: v1\nitems:\n")
	for o := range Objects(size) {
		object, err := typed(o)
		if err != nil {
			return err
		}
		text, err := yaml.Marshal([]any{object})
		if err != nil {
			return err
		}
		_, _ = out.Write(text)
	}
	_, _ = out.WriteString("kind: List\nmetadata:\n  resourceVersion: \"\"\n")
	return out.Flush()
}
