// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/rules.md from the registry")

// TestReferenceIsUpToDate holds docs/rules.md against the registry, and every rule's Doc against the page's headings.
func TestReferenceIsUpToDate(t *testing.T) {
	const path = "../../docs/rules.md"
	want := reference()
	if *update {
		if err := os.WriteFile(path, want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/rules.md is not what the registry says; run 'go test ./webhook/rules -update' (-registry +page):\n%s", diff)
	}
	for _, r := range Registry() {
		if anchor, ok := strings.CutPrefix(r.Doc(), "docs/rules.md#"); !ok || !bytes.Contains(got, []byte("\n## "+anchor+"\n")) {
			t.Errorf("rule %s points to %s, which is not a heading of the page", r.ID, r.Doc())
		}
	}
}

func reference() []byte {
	var out bytes.Buffer
	fmt.Fprint(&out, "# Rules\n\nThis page is generated from the rule registry by `go test ./webhook/rules -update`.\n\n"+
		"Each rule has an action: `deny` rejects the object, `warn` admits it with a warning to its author, `audit` only counts and logs, "+
		"`off` disables the rule. The configuration can set another one: `webhook: {rules: {RULE: ACTION}}`. An update fires a rule only "+
		"on what it makes worse. How to configure rules for some namespaces, and how to exempt objects, is in [admission.md](admission.md).\n")
	for _, r := range Registry() {
		kinds := make([]string, len(r.Kinds))
		for i, k := range r.Kinds {
			kinds[i] = string(k)
		}
		fmt.Fprintf(&out, "\n## %s\n\n%s\n\n- **Action:** `%s`\n- **Objects:** %s\n- **Without it:** %s\n- **Fix:** %s\n",
			r.ID, r.Summary, r.Action, strings.Join(kinds, ", "), r.Symptom, r.Remediation)
		if len(r.See) > 0 {
			fmt.Fprintf(&out, "- **See:** %s\n", strings.Join(r.See, ", "))
		}
		if r.Check == nil || r.FilesOnly {
			fmt.Fprint(&out, "- Found in files only, by `moorage check`.\n")
		}
		if r.NeedsLookup {
			fmt.Fprint(&out, "- Looks up the cluster; silent about what it cannot look up.\n")
		}
	}
	return out.Bytes()
}
