// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/scan.md from the registry")

// docs/scan.md says what the registry says, and every row says all that the page has.
func TestReferenceIsUpToDate(t *testing.T) {
	const path = "../docs/scan.md"
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
		t.Errorf("docs/scan.md is not what the registry says; run 'go test ./scan -update' (-registry +page):\n%s", diff)
	}
	for _, k := range Registry() {
		for what, text := range map[string]string{"Means": k.Means, "Known": k.Known, "Not": k.Not} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s is not a sentence: %q", k.ID, what, text)
			}
		}
		if k.Remedy == "" || strings.HasSuffix(k.Remedy, ".") || k.LosesData != "" && !strings.HasSuffix(k.LosesData, ".") {
			t.Errorf("%s: its remedy is to be a clause, and what can be lost a sentence: %q, %q", k.ID, k.Remedy, k.LosesData)
		}
	}
}

var titles = map[Section]string{
	DataAtRisk: "Data at risk", Stuck: "Stuck", WillStick: "Will stick", Waste: "Waste", Unwise: "Unwise",
}

func reference() []byte {
	var out bytes.Buffer
	fmt.Fprint(&out, `# What moorage scan finds

This page is generated from the registry by `+"`go test ./scan -update`"+`.

`+"`moorage scan`"+` reads a cluster, or files that describe one, and reports what is wrong with its volumes, section by section. How it is asked is in
[cli/scan.md](cli/scan.md). Each finding has one root, the object where it is fixed; what follows from it, such as pods that wait for a volume whose
node is gone, stands under what it hurts and is not reported again.

**Graces.** What moves is not stuck. A grace counts from when the present state began (a creation, a deletion, a condition's lastTransitionTime, the first event
of its kind), not from the newest try. The clock is the API server's; for files it is `+"`--now`"+`, the time of the capture, or the newest time in them.

**Rights.** It lists what 'moorage explain' lists, and StatefulSets, Deployments, ReplicaSets, DaemonSets, Jobs, CronJobs, ReplicationControllers, PodGroups,
PodDisruptionBudgets and events. Where something may not be listed, the report says which kinds of findings are missing for that; nothing is guessed.
`)
	section := Section("")
	for _, k := range Registry() {
		if k.Section != section {
			section = k.Section
			fmt.Fprintf(&out, "\n## %s\n", titles[section])
		}
		fmt.Fprintf(&out, "\n### %s\n\n%s\n\n- **Known from:** %s\n- **Not reported:** %s\n- **Remedy:** %s\n", k.ID, k.Means, k.Known, k.Not, k.Remedy)
		if k.LosesData != "" {
			fmt.Fprintf(&out, "- **Data:** %s\n", k.LosesData)
		}
		if len(k.Needs) > 0 {
			needs := make([]string, len(k.Needs))
			for i := range k.Needs {
				needs[i] = string(k.Needs[i])
			}
			fmt.Fprintf(&out, "- **Needs the right to list:** %s\n", strings.Join(needs, ", "))
		}
	}
	return out.Bytes()
}
