// SPDX-License-Identifier: Apache-2.0

//go:build unix && !race

package check

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/moorage-k8s/moorage/internal/growth"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// texts are those that grow in one direction each, with a size that takes some time to read.
var texts = []struct {
	name, file string
	size       int
	of         func(n int) string
}{
	{"JSON in one line", "a.json", 600, func(n int) string {
		pods := make([]string, n)
		for i := range pods {
			pods[i] = fmt.Sprintf(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"web-%d","labels":{"ü":"é"}},"spec":{"containers":[{"name":"web",`+
				`"image":"web","env":[%s]}]}}`, i, strings.TrimSuffix(strings.Repeat(`{"name":"E","value":"v"},`, 10), ","))
		}
		return `{"apiVersion":"v1","kind":"List","items":[` + strings.Join(pods, ",") + `]}`
	}},
	{"JSON in one line that is not an object", "a.json", 60_000, func(n int) string { return "[" + strings.Repeat("1,", n) + "1]" }},
	{"JSON in many lines", "a.json", 60_000, func(n int) string { return "[" + strings.Repeat("1,\n", n) + "1]" }},
	{"values of JSON", "a.json", 20_000, func(n int) string { return strings.Repeat(`{"a":1}`, n) }},
	{"YAML in one line", "a.yaml", 600, func(n int) string {
		pod := "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: web, env: [{name: E, value: v}]}]}}"
		return "{apiVersion: v1, kind: List, items: [" + strings.Repeat(pod+", ", n) + pod + "]}"
	}},
	{"a list", "a.yaml", 20_000, func(n int) string { return "all:\n" + strings.Repeat("- {a: 1}\n", n) }},
	{"documents", "a.yaml", 3000, func(n int) string { return strings.Repeat("---\na: 1\n", n) }},
	{"documents that cannot be read", "a.yaml", 3000, func(n int) string { return strings.Repeat("---\napiVersion: v1\nkind: [Pod\n", n) }},
	{"documents without separators", "a.yaml", 3000, func(n int) string { return strings.Repeat("a: 1\n...\n", n) }},
	{"anchors", "a.yaml", 10_000, func(n int) string {
		var out strings.Builder
		for i := range n {
			fmt.Fprintf(&out, "a%d: &a%d {b: 1}\nc%d: *a%d\n", i, i, i, i)
		}
		return out.String()
	}},
	{"merge keys", "a.yaml", 5000, func(n int) string { return "base: &b {a: 1, c: 2}\nall:\n" + strings.Repeat("- {<<: *b}\n", n) }},
	{"fields that occur again", "a.yaml", 10_000, func(n int) string { return "apiVersion: v1\nkind: Pod\n" + strings.Repeat("a: 1\n", n) }},
	{"fields that occur again in JSON", "a.json", 10_000, func(n int) string {
		return `{"apiVersion":"v1","kind":"Pod",` + strings.Repeat(`"a":1,`, n) + `"a":1}`
	}},
	{"unknown fields", "a.yaml", 5000, func(n int) string {
		var out strings.Builder
		out.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n")
		for i := range n {
			fmt.Fprintf(&out, "  container%d: x\n", i)
		}
		return out.String()
	}},
	{"a long name", "a.yaml", 200_000, func(n int) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  " + `"` + strings.Repeat("é", min(n, 500)) + `": ` + strings.Repeat("x", n) + "\n"
	}},
	{"a long text", "a.yaml", 200_000, func(n int) string { return "a: " + strings.Repeat("x ", n) + "\n" }},
	{"a text of many lines", "a.yaml", 30_000, func(n int) string { return "a: |\n" + strings.Repeat("  x\n", n) }},
	{"a folded text", "a.yaml", 30_000, func(n int) string { return "a: \"" + strings.Repeat("x\n  ", n) + "\"\n" }},
	{"comments", "a.yaml", 10_000, func(n int) string { return strings.Repeat("# x\n", n) + "a: 1\n" }},
	{"comments between", "a.yaml", 5000, func(n int) string { return "all:\n" + strings.Repeat("# x\n- a # y\n", n) }},
	{"objects of one name", "a.yaml", 500, func(n int) string {
		return strings.Repeat("---\n{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}\n", n)
	}},
	{"lists in lists", "a.json", 2400, func(n int) string {
		return strings.Repeat(`{"apiVersion":"v1","kind":"List","items":[`, n) + strings.Repeat("]}", n)
	}},
	{"objects in objects", "a.json", 4500, func(n int) string {
		return `{"apiVersion":"v1","kind":"Pod","spec":` + strings.Repeat(`{"affinity":`, n) + "1" + strings.Repeat("}", n) + "}"
	}},
}

// TestTimeGrowsWithTheText holds the reading of a text to work in proportion to the text.
func TestTimeGrowsWithTheText(t *testing.T) {
	if testing.Short() {
		t.Skip("a measurement")
	}
	evaluator, err := rules.NewEvaluator(rules.EvaluatorOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		t.Run(text.name, func(t *testing.T) {
			reading := func(n int) func() {
				content := []byte(text.of(n))
				return func() {
					f := parse(text.file, content, false)
					question, err := questionOf([]*file{f}, nil)
					if err != nil {
						t.Fatal(err)
					}
					f.evaluate(context.Background(), evaluator, question)
				}
			}
			growth.Hold(t, time.Millisecond, reading(2*text.size/growth.Times), reading(2*text.size))
		})
	}
}

// What is too deep, or grows when it is read, is a finding with its place and not a machine out of memory.
func TestWhatGrowsWhenItIsRead(t *testing.T) {
	list := func(n int, item string) string { return strings.Repeat("- "+item+"\n", n) }
	var fields []string
	for i := range 4000 {
		fields = append(fields, fmt.Sprintf("k%d: 1", i))
	}
	base := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nbase: &b {" + strings.Join(fields, ", ") + "}\nall:\n"
	const grows = "the anchors and merge keys of this document expand to more than any API object can hold"
	for _, tc := range []struct{ name, file, content, want string }{
		{"lists without end", "a.json", strings.Repeat("[", 2_000_000), "1:10001 decode : not JSON that an API server reads: more than 10000 objects and lists are open here"},
		{"objects without end", "a.json", strings.Repeat("{\"a\":\n", 2_000_000), "10001:1 decode : not JSON that an API server reads: more than 10000 objects and lists are open here"},
		{"lists without end in YAML", "a.yaml", strings.Repeat("[", 2_000_000), "1:1 decode : not YAML: exceeded max depth of 10000"},
		{"merge keys", "a.yaml", base + list(4000, "{<<: *b}"), "1:1 decode : " + grows},
		{"merge keys that are overridden", "a.yaml", base + list(400, "{<<: ["+strings.Repeat("*b, ", 20)+"*b]}"), "1:1 decode : " + grows},
		{"aliases", "a.yaml", base + list(4000, "*b"), "1:1 decode : " + grows},
		{"a long text", "a.yaml", "apiVersion: v1\nkind: Pod\na: &a " + strings.Repeat("x", 100_000) + "\nall:\n" + list(4000, "*a"), "1:1 decode : " + grows},
		{"over many documents", "a.yaml", strings.Repeat("---\n"+base+list(40, "*b"), 10), grows},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _ := checkText(t, tc.file, tc.content)
			if len(got) == 0 || !strings.HasSuffix(got[len(got)-1], tc.want) {
				t.Errorf("found %.300q, want %s", got, tc.want)
			}
			if len(got) > 3*maxFlaws {
				t.Errorf("%d findings", len(got))
			}
		})
	}
	// A merge key whose value is overridden is not a fault, and neither are anchors as people use them.
	honest := "x-labels: &l {app: a, tier: b}\napiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {<<: *l, tier: c}}\nspec: {containers: [{name: c, image: i}]}\n"
	if got, _ := checkText(t, "a.yaml", honest); len(got) != 1 || !strings.Contains(got[0], "x-labels") {
		t.Errorf("found %q", got)
	}
}

// A position is counted on from the one before, and is what counting from the beginning gives, backwards too.
func TestPositionsInJSON(t *testing.T) {
	content := []byte("{\"é\": [1,\r\n\n  \"日本\", {\"a\":\n2}]}\n\n")
	r := &jsonReader{content: content}
	at := func(offset int) position {
		before := content[:offset]
		line := before[bytes.LastIndexByte(before, '\n')+1:]
		return position{bytes.Count(before, []byte("\n")) + 1, len([]rune(string(line))) + 1}
	}
	for i := range content {
		for _, offset := range []int{i, len(content) - i, i / 2, i} {
			if (content[min(offset, len(content)-1)] & 0xc0) == 0x80 {
				continue // within a character
			}
			if got := r.at(offset); got != at(offset) {
				t.Fatalf("offset %d is at %v, want %v", offset, got, at(offset))
			}
		}
	}
}
