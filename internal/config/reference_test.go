// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/extender"
	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/topology/placement"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

var update = flag.Bool("update", false, "write docs/configuration.md and the JSON schema")

const (
	page       = "../../docs/configuration.md"
	schemaFile = "schema.json"
)

// firstVersion is the one that a field has been there since, unless since says another.
const firstVersion = "v0.1.0"

// since are the versions in which later fields came, by their paths.
var since = map[string]string{}

// units are what numbers count.
var units = map[string]string{
	"extender.maxBodyBytes": "bytes", "extender.reservedPercentOfNamespace": "percent", "extender.decisions": "answers", "extender.scorers[].weight": "0 to 100",
}

// The page has every field with its default, and the schema every field with its words. `go test ./internal/config -run TestReference -update`
// writes both.
func TestReference(t *testing.T) {
	r := &reference{t: t, comments: comments(t), defaults: withDefaults(t)}
	r.walk(reflect.TypeFor[config.Configuration](), reflect.ValueOf(*r.defaults), "")
	text := r.page()
	schema := r.schemaOf(reflect.TypeFor[config.Configuration](), reflect.ValueOf(*r.defaults), "")
	schema["$schema"], schema["title"] = "http://json-schema.org/draft-07/schema#", "MoorageConfiguration"
	schema["required"] = []string{"apiVersion", "kind"}
	var encoded bytes.Buffer
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{page: text, schemaFile: encoded.String()} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil { //nolint:gosec // It is public.
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what the types say (-types +file); go test ./internal/config -run TestReference -update\n%s", file, diff)
		}
	}
}

// reference is what is known of the fields.
type reference struct {
	t        *testing.T
	comments map[string]string
	defaults *config.Configuration
	rows     []string
}

// withDefaults is a configuration in which the sections that are optional are there, with their defaults.
func withDefaults(t *testing.T) *config.Configuration {
	t.Helper()
	c := config.Default()
	c.Extender.MaxBodyBytes = extender.DefaultMaxBodyBytes
	c.Webhook.Authority = &config.Authority{Namespace: "required", Names: []string{"required"}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	c.Webhook.Authority.Namespace, c.Webhook.Authority.Names = "", nil
	return c
}

// own reports whether a type is of this package, and so written out field by field.
func own(of reflect.Type) bool {
	return of.Kind() == reflect.Struct && of.PkgPath() == reflect.TypeFor[config.Configuration]().PkgPath()
}

// element is the type of a pointer's or a list's elements, and what the path has for it.
func element(of reflect.Type) (elem reflect.Type, suffix string) {
	for {
		switch {
		case of.Kind() == reflect.Pointer:
			of = of.Elem()
		case of.Kind() == reflect.Slice:
			of, suffix = of.Elem(), suffix+"[]"
		default:
			return of, suffix
		}
	}
}

func (r *reference) walk(of reflect.Type, value reflect.Value, path string) {
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		at := strings.TrimPrefix(path+"."+name, ".")
		elem, suffix := element(field.Type)
		comment := r.comment(of, field.Name, at)
		now := field.Type
		var v reflect.Value
		if value.IsValid() {
			v = value.FieldByIndex(field.Index)
		}
		if own(elem) {
			if comment != "" {
				r.rows = append(r.rows, fmt.Sprintf("| **%#q** | | | %s | |", at+suffix, comment))
			}
			r.walk(elem, target(v), at+suffix)
			continue
		}
		r.rows = append(r.rows, fmt.Sprintf("| %#q | %s | %s | %s | %s |", at, kind(now, at), shown(v), comment, sinceOf(at)))
	}
}

// target is what a pointer to a struct points to, where it does.
func target(v reflect.Value) reflect.Value {
	for v.IsValid() && v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.IsValid() && v.Kind() == reflect.Struct {
		return v
	}
	return reflect.Value{}
}

func sinceOf(path string) string {
	if version, later := since[path]; later {
		return version
	}
	return firstVersion
}

// kind is how a type is called.
func kind(of reflect.Type, path string) string {
	if unit, counted := units[path]; counted {
		return unit
	}
	elem, suffix := element(of)
	var name string
	switch {
	case elem == reflect.TypeFor[metav1.Duration]():
		name = "duration"
	case elem == reflect.TypeFor[metav1.LabelSelector]():
		name = "label selector"
	case elem.Kind() == reflect.Map && elem.Elem().Kind() == reflect.Bool:
		name = "name: true or false"
	case elem.Kind() == reflect.Map:
		name = "name: word"
	case elem.Kind() == reflect.String:
		name = "text"
	default:
		name = "whole number"
	}
	if suffix != "" {
		name = "list of " + name + "s"
	}
	return strings.ReplaceAll(name, "texts", "text")
}

func shown(v reflect.Value) string {
	if !v.IsValid() || v.IsZero() && v.Kind() != reflect.Int && v.Kind() != reflect.Int64 {
		return ""
	}
	if d, ok := v.Interface().(metav1.Duration); ok {
		return "`" + d.Duration.String() + "`"
	}
	return fmt.Sprintf("`%v`", v.Interface())
}

// comment is what the source says of a field; one without a comment has that of the field before it.
func (r *reference) comment(of reflect.Type, field, path string) string {
	text := r.comments[of.Name()+"."+field]
	if text == "" && path != "apiVersion" && path != "kind" && !own(firstOf(of, field)) && !strings.HasSuffix(path, ".name") && path != "extender.scorers" {
		r.t.Errorf("%s has no comment", path)
	}
	return text
}

func firstOf(of reflect.Type, field string) reflect.Type {
	f, _ := of.FieldByName(field)
	elem, _ := element(f.Type)
	return elem
}

func (r *reference) page() string {
	return `# Configuration

The file that ` + "`moorage serve --config FILE`" + ` and ` + "`moorage check --config FILE`" + ` read, and that the chart makes of its value ` + "`config`" + `, is a MoorageConfiguration.
Every field may be left out. This page is made from the types by ` + "`go test ./internal/config -run TestReference -update`" + `.

    moorage config check moorage.yaml    # all that is wrong, by line and field
    moorage config defaults              # what is so where nothing is configured
    moorage config schema                # for an editor

` + "```yaml" + `
# yaml-language-server: $schema=https://github.com/moorage-k8s/moorage/releases/latest/download/moorage-configuration.schema.json
apiVersion: moorage.dev/v1alpha1
kind: MoorageConfiguration
extender:
  predicates: {JointCapacity: Score}
webhook:
  rules: {secret-env: warn}
` + "```" + `

The chart adds ` + "`apiVersion`, `kind`" + `, addresses, certificates and the authority; all else goes below ` + "`config`" + ` as it is here. Durations are written as
` + "`100ms`, `30s` or `1h30m`" + `. Rules are in [rules.md](rules.md), defaults of objects in [defaults.md](defaults.md), predicates and scorers in
[scheduling.md](scheduling.md).

A file of a later version than the program is refused where it has fields that the program does not know. The plan for ` + "`v1`" + `: predicates, rules and
scorers get names of one style, and files of ` + "`v1alpha1`" + ` are read for another year, with a warning that says what to write instead.

| field | type | default | meaning | since |
|---|---|---|---|---|
` + strings.Join(r.rows, "\n") + "\n"
}

// words are the values of a field of few.
func wordsOf[W ~string](of []W) map[string]any {
	var out []any
	for _, word := range of {
		lower := strings.ToLower(string(word))
		out = append(out, lower, strings.ToUpper(lower[:1])+lower[1:])
		if lower == "off" {
			out = append(out, false)
		}
	}
	return map[string]any{"enum": out}
}

func named(names []string, value any) map[string]any {
	properties := map[string]any{}
	for _, name := range names {
		properties[name] = value
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

// enumerated are the schemas of the fields whose words are those of a registry.
func enumerated(path string) map[string]any {
	switch path {
	case "apiVersion":
		return map[string]any{"const": config.APIVersion}
	case "kind":
		return map[string]any{"const": config.Kind}
	case "webhook.rules", "webhook.namespaceRules[].rules":
		return named(rules.IDs(), wordsOf(rules.Actions()))
	case "webhook.mandatoryRules", "webhook.exemptions[].rules":
		return map[string]any{"type": "array", "items": map[string]any{"enum": rules.IDs()}}
	case "webhook.defaults":
		return named(defaults.Names(), map[string]any{"type": "boolean"})
	case "extender.predicates":
		return named(placement.PredicateNames(), wordsOf(placement.Modes()))
	case "extender.scorers[].name":
		return map[string]any{"enum": placement.ScorerNames()}
	case "extender.scorers[].policy":
		return map[string]any{"enum": []placement.Policy{placement.Spread, placement.Pack}}
	case "extender.scorers[].existingVolumes":
		return map[string]any{"enum": []placement.Existing{placement.LeastWaste, placement.MostLeft}}
	}
	return nil
}

func (r *reference) schemaOf(of reflect.Type, value reflect.Value, path string) map[string]any {
	properties := map[string]any{}
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		at := strings.TrimPrefix(path+"."+name, ".")
		elem, suffix := element(field.Type)
		var v reflect.Value
		if value.IsValid() {
			v = value.FieldByIndex(field.Index)
		}
		schema := enumerated(at)
		switch {
		case schema != nil:
		case own(elem):
			schema = r.schemaOf(elem, target(v), at+suffix)
		default:
			schema = scalar(elem)
		}
		if suffix != "" && schema["type"] != "array" {
			schema = map[string]any{"type": "array", "items": schema}
		}
		if text := r.comments[of.Name()+"."+field.Name]; text != "" {
			schema["description"] = text
		}
		if text := strings.Trim(shown(v), "`"); text != "" && suffix == "" && !own(elem) && schema["const"] == nil {
			schema["default"] = text
			if elem.Kind() == reflect.Int || elem.Kind() == reflect.Int64 {
				schema["default"] = v.Interface()
			}
		}
		properties[name] = schema
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

func scalar(of reflect.Type) map[string]any {
	switch {
	case of == reflect.TypeFor[metav1.Duration]():
		return map[string]any{"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^0$"}
	case of == reflect.TypeFor[metav1.LabelSelector]():
		return map[string]any{"type": "object", "additionalProperties": false, "properties": map[string]any{
			"matchLabels": map[string]any{"type": "object", "additionalProperties": map[string]any{"type": "string"}},
			"matchExpressions": map[string]any{"type": "array", "items": map[string]any{
				"type": "object", "additionalProperties": false, "required": []string{"key", "operator"}, "properties": map[string]any{
					"key": map[string]any{"type": "string"}, "operator": map[string]any{"enum": []string{"In", "NotIn", "Exists", "DoesNotExist"}},
					"values": map[string]any{"type": "array", "items": map[string]any{"type": "string"}},
				},
			}},
		}}
	case of.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	case of.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	default:
		return map[string]any{"type": "integer", "minimum": 0}
	}
}

// comments are those of the fields in this package's source, by type and field.
func comments(t *testing.T) map[string]string {
	t.Helper()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(node ast.Node) bool {
			spec, ok := node.(*ast.TypeSpec)
			if !ok {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			before := ""
			for _, field := range fields.Fields.List {
				text := inTheFile(strings.Join(strings.Fields(field.Doc.Text()), " "), fields)
				if text == "" && !slices.Contains([]string{"Scorers", "Name"}, nameOf(field)) {
					text = before
				}
				before = text
				out[spec.Name.Name+"."+nameOf(field)] = strings.ReplaceAll(text, "|", `\|`)
			}
			return true
		})
	}
	return out
}

// inTheFile writes the names of fields as they are in the file.
func inTheFile(text string, of *ast.StructType) string {
	for _, field := range of.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		name := nameOf(field)
		if err != nil || !camelCase.MatchString(name) {
			continue
		}
		inFile, _, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		text = regexp.MustCompile(`\b`+name+`\b`).ReplaceAllString(text, "`"+inFile+"`")
	}
	return text
}

// camelCase matches names that are no words of English.
var camelCase = regexp.MustCompile(`^[A-Z]\w*[a-z][A-Z]`)

func nameOf(field *ast.Field) string {
	if len(field.Names) == 0 {
		return ""
	}
	return field.Names[0].Name
}
