// SPDX-License-Identifier: Apache-2.0

// Package sarif holds what 'moorage check -o sarif' writes against the schema of SARIF 2.1.0. It is here, and not beside the
// printer, because a validator of JSON Schema is no dependency of the product.
package sarif

import (
	"bytes"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/moorage-k8s/moorage/check"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

func TestLogsAreValid(t *testing.T) {
	schema := compile(t, "testdata/sarif-schema-2.1.0.json")
	evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for name, paths := range map[string][]string{
		"findings of every level": {"../../examples/classic", "../../examples/demo"},
		"nothing found":           {"../../examples/classic/claim-by-size.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := check.Check(t.Context(), check.Options{Paths: paths, Evaluator: evaluator})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err = output.FindingsSARIF(&out, result); err != nil {
				t.Fatal(err)
			}
			log, err := jsonschema.UnmarshalJSON(&out)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(log); err != nil {
				t.Errorf("not SARIF 2.1.0: %v", err)
			}
			spoil(t, schema, log.(map[string]any))
		})
	}
}

// spoil shows that the schema does refuse what is not SARIF.
func spoil(t *testing.T, schema *jsonschema.Schema, log map[string]any) {
	t.Helper()
	run := log["runs"].([]any)[0].(map[string]any)
	run["columnKind"] = "columns"
	if schema.Validate(log) == nil {
		t.Error("the schema takes a columnKind that there is not")
	}
}

func compile(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err = compiler.AddResource("sarif.json", parsed); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
