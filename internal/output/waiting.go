// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// WaitingPods are the pods that have not started, with the cause of each.
type WaitingPods struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Namespace is the one that was asked about; left out for all. Selector selects the pods by their labels.
	Namespace string `json:"namespace,omitempty"`
	Selector  string `json:"selector,omitempty"`
	// Pods is how many there are, Waiting how many of them have not started, and CannotRun how many of these cannot as things are.
	Pods      int `json:"pods"`
	Waiting   int `json:"waiting"`
	CannotRun int `json:"cannotRun"`
	// Elsewhere is how many have not started in other namespaces, and Unasked how many of Waiting are not among Items: they were too many.
	Elsewhere int           `json:"elsewhere,omitempty"`
	Unasked   int           `json:"unasked,omitempty"`
	Items     []PodLine     `json:"items"`
	Unknown   []string      `json:"unknown,omitempty"`
	Known     explain.Known `json:"known"`
}

// PodLine is what is said of a pod in one line.
type PodLine struct {
	Pod explain.Object `json:"pod"`
	// Node is the one that the pod has; left out while it waits for one.
	Node string `json:"node,omitempty"`
	// Since is since when it waits; left out where nothing says so.
	Since *metav1.Time `json:"since,omitempty"`
	// Fits reports whether it can run as things are, and Cause says why it has not started.
	Fits  bool   `json:"fits"`
	Cause string `json:"cause"`
	// Autoscaler is why autoscalers add no node, in one sentence, where that was asked and the pod waits for one.
	Autoscaler string `json:"autoscaler,omitempty"`
}

// PodLineOf is the line of a pod of which this is the explanation, or that of a pod which is alike.
func PodLineOf(pod explain.Object, since time.Time, e *explain.Explanation) PodLine {
	line := PodLine{Pod: pod, Node: e.Node, Fits: e.Fits, Cause: headlineOf(e)}
	if a := (causeWords{e.Pod.Namespace}).autoscaler(e); a != nil {
		line.Autoscaler = a.Summary
	}
	if !since.IsZero() {
		line.Since = &metav1.Time{Time: since}
	}
	return line
}

// WriteWaitingPods writes the pods that have not started, those that cannot run first, and those of one cause together. A line has as many
// columns as the width, any number with 0; now is the time of the answer.
func WriteWaitingPods(w io.Writer, list *WaitingPods, output string, color bool, columns int, now time.Time) error {
	list.APIVersion, list.Kind = apiVersion, "WaitingPods"
	byCause(list.Items)
	return writeExplained(w, output, list, func(out *bytes.Buffer, _ bool) { waitingText(out, list, color, columns, now) })
}

// byCause puts those that cannot run first, then those of one cause together: the cause of most pods first, and the pods by their names.
func byCause(lines []PodLine) {
	many := map[string]int{}
	for i := range lines {
		many[lines[i].Cause]++
	}
	slices.SortStableFunc(lines, func(a, b PodLine) int {
		if a.Fits != b.Fits {
			return map[bool]int{true: 1, false: -1}[a.Fits]
		}
		return cmp.Or(cmp.Compare(many[b.Cause], many[a.Cause]), cmp.Compare(a.Cause, b.Cause),
			cmp.Compare(a.Pod.Namespace, b.Pod.Namespace), naturally(a.Pod.Name, b.Pod.Name))
	})
}

// naturally orders names so that db-2 comes before db-10.
func naturally(a, b string) int {
	headA, headB := strings.TrimRight(a, "0123456789"), strings.TrimRight(b, "0123456789")
	if headA != headB {
		return cmp.Compare(a, b)
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func waitingText(out *bytes.Buffer, list *WaitingPods, color bool, columns int, now time.Time) {
	headline(out, waitingHeadline(list), list.CannotRun == 0, color)
	if len(list.Items) > 0 {
		rows := [][]string{{"POD", "SINCE", "CAUSE"}}
		for i := range list.Items {
			line := &list.Items[i]
			cause := line.Cause
			if i > 0 && cause == list.Items[i-1].Cause {
				cause = "as above"
			}
			rows = append(rows, []string{line.Pod.Namespace + "/" + line.Pod.Name, age(line.Since, now), cause})
		}
		fmt.Fprintln(out)
		text.Table(out, columns, rows)
		autoscalersText(out, list.Items)
		first := &list.Items[0].Pod
		fmt.Fprintf(out, "\nIn full, with what would help: moorage explain pod %s -n %s\n", plain.Quote(first.Name), plain.Quote(first.Namespace))
	}
	if list.Unasked > 0 {
		fmt.Fprintf(out, "\n%s, and were not looked at; ask about fewer with -n or -l\n", text.Count(list.Unasked, "more pod")+" wait or hang")
	}
	unknownText(out, list.Unknown)
	fmt.Fprintln(out)
	knownText(out, &list.Known)
}

// unknownText says what was not looked at.
func unknownText(out *bytes.Buffer, unknown []string) {
	for i, what := range unknown {
		if i == 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, text.Wrap(width, plain.Line(what)+".", "Not looked at: ", "  "))
	}
}

func waitingHeadline(list *WaitingPods) string {
	scope := "in any namespace"
	if list.Namespace != "" {
		scope = "in namespace " + list.Namespace
	}
	if list.Selector != "" {
		scope += " with " + list.Selector
	}
	if list.Waiting == 0 {
		line := fmt.Sprintf("No pod waits or hangs %s (%s)", scope, text.Count(list.Pods, "pod"))
		if list.Elsewhere > 0 {
			line += fmt.Sprintf("; in other namespaces %d %s, see -A", list.Elsewhere, map[bool]string{true: "does", false: "do"}[list.Elsewhere == 1])
		}
		return line + "."
	}
	verb := "wait or hang"
	if list.Waiting == 1 {
		verb = "waits or hangs"
	}
	scope = strings.ReplaceAll(scope, "in any namespace", "in all namespaces")
	line := fmt.Sprintf("%d of %s %s %s", list.Waiting, text.Count(list.Pods, "pod"), verb, scope)
	switch asked := list.Waiting - list.Unasked; {
	case list.CannotRun == 0:
		return line + ": nothing was found that keeps " + map[bool]string{true: "it", false: "them"}[list.Waiting == 1] + " from running."
	case list.CannotRun == asked && asked == 1:
		return line + " and cannot run as things are."
	case list.CannotRun == asked:
		return line + ": none of them can run as things are."
	default:
		return fmt.Sprintf("%s: %d of them cannot run as things are.", line, list.CannotRun)
	}
}

// age is how long ago something was, as kubectl says it.
func age(since *metav1.Time, now time.Time) string {
	if since == nil {
		return "-"
	}
	return duration.HumanDuration(max(now.Sub(since.Time), 0))
}
