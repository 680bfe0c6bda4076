// SPDX-License-Identifier: Apache-2.0

package output

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/autoscaler"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/internal/text"
)

// Autoscaler is why autoscalers add no node for a pod that waits.
type Autoscaler struct {
	// Summary is that in one sentence.
	Summary string         `json:"summary"`
	Why     autoscaler.Why `json:"why"`
	// Seen are the autoscalers that there is a sign of.
	Seen []autoscaler.Name `json:"seen,omitempty"`
	// Free are the nodes that an autoscaler takes to have room for the pod and that are refused, by the autoscaler's name.
	Free map[autoscaler.Name]autoscaler.Free `json:"free,omitempty"`
	// Said are the last words of each about the pod.
	Said []autoscaler.Word `json:"said,omitempty"`
	// Unknown is what could not be looked at.
	Unknown []string `json:"unknown,omitempty"`

	now time.Time
}

func (w causeWords) autoscaler(e *explain.Explanation) *Autoscaler {
	a := e.Autoscaler
	if a == nil {
		return nil
	}
	out := &Autoscaler{Summary: w.whyNoNode(e, a), Why: a.Why, Seen: a.Seen, Said: a.Words, Unknown: a.Unknown, now: a.Now}
	for name, free := range a.Free {
		if free.Nodes > 0 && slices.Contains(a.Asked(), name) {
			if out.Free == nil {
				out.Free = map[autoscaler.Name]autoscaler.Free{}
			}
			out.Free[name] = free
		}
	}
	return out
}

// whyNoNode is one sentence, without a full stop.
func (w causeWords) whyNoNode(e *explain.Explanation, a *autoscaler.Answer) string {
	names := make([]string, len(a.Seen))
	for i, name := range a.Seen {
		names[i] = string(name)
	}
	who, add, look := text.And(names), "adds", "looks"
	switch len(names) {
	case 0:
		who, add, look = "an autoscaler (there is no sign of one here)", "adds", "looks"
	case 1:
	default:
		add, look = "add", "look"
	}
	adds := who + " " + add + " no node: "
	switch a.Why {
	case autoscaler.OfDaemonSet:
		return adds + "the pods of a DaemonSet follow the nodes that there are"
	case autoscaler.HeldBack:
		return adds + "the pod waits for something else than a node"
	case autoscaler.NotMarked:
		instead := "kube-scheduler has not looked at it yet"
		if a.Reason != "" {
			instead = "its condition PodScheduled has the reason " + a.Reason
		}
		return fmt.Sprintf("%s %s at pods only that kube-scheduler has marked Unschedulable, and this one it has not: %s", who, look, instead)
	case autoscaler.NotNeeded:
		return adds + "none is needed, the pod fits as things are"
	case autoscaler.Coming:
		return onItsWay(a)
	case autoscaler.NoNewNode:
		return fmt.Sprintf("no node that %s %s would help: %s", who, add, w.refusesNew(e)) + takesAsWell(a)
	case autoscaler.TakenToFit:
		return taken(a)
	case autoscaler.LabelOfDriver:
		return fmt.Sprintf("%sthe pod's place depends on the label %s, which driver %s sets on a node when it starts there, so that no autoscaler can know it before",
			adds, a.Label, a.Driver)
	case autoscaler.PoolUnknown:
		return fmt.Sprintf("%sthe room of class %s is on nodes, and what a new node would bring is published only once its driver runs there "+
			"('moorage advise autoscaler -o yaml' writes it for cluster-autoscaler)", adds, a.PoolClass)
	case autoscaler.GroupsFull:
		if a.All == 1 {
			return adds + "the only node group has as many nodes as it may"
		}
		return fmt.Sprintf("%sall %s have as many nodes as they may", adds, text.Count(a.All, "node group"))
	case autoscaler.BackingOff:
		return adds + backingOff(a)
	case autoscaler.Said:
		last := &a.Words[0]
		for i := range a.Words {
			if a.Words[i].Last.After(last.Last) {
				last = &a.Words[i]
			}
		}
		return fmt.Sprintf("%s says: %s", last.By, spoken(last.Message))
	case autoscaler.Unknown:
		return fmt.Sprintf("why %s %s no node is not known: nothing that it could not see was found, and it has said nothing of the pod", who, add)
	default:
		return "there is no sign of an autoscaler (events of the pod, NodeClaims, labels of nodes, the ConfigMap cluster-autoscaler-status), and nothing was found that one could not see"
	}
}

// refusesNew says for what a node that is added would be refused.
func (w causeWords) refusesNew(e *explain.Explanation) string {
	for i := range e.Causes {
		if e.Causes[i].RefusesNew() {
			return w.clause(&e.Causes[i])
		}
	}
	return ""
}

// taken says which nodes autoscalers take to be free, and for what they are refused.
func taken(a *autoscaler.Answer) string {
	var parts []string
	asked := a.Asked()
	if len(asked) == 2 && sameFree(a.Free[asked[0]], a.Free[asked[1]]) {
		who := "cluster-autoscaler and Karpenter add"
		if len(a.Seen) == 0 {
			who = "neither cluster-autoscaler nor Karpenter, of which there is no sign here, would add"
			return who + " a node: they take the pod to fit " + refusal(a.Free[asked[0]], "do")
		}
		return who + " no node: they take the pod to fit " + refusal(a.Free[asked[0]], "do")
	}
	for _, name := range asked {
		if free := a.Free[name]; free.Nodes > 0 {
			verb := map[bool]string{true: "adds no node: it takes", false: "would add no node: it takes"}[len(a.Seen) > 0]
			parts = append(parts, fmt.Sprintf("%s %s the pod to fit %s", name, verb, refusal(free, "does")))
		}
	}
	return strings.Join(parts, "; ")
}

func sameFree(a, b autoscaler.Free) bool {
	return a.Nodes == b.Nodes && slices.Equal(a.First, b.First) && slices.Equal(a.Predicates, b.Predicates)
}

// refusal names nodes, and what refuses the pod there.
func refusal(free autoscaler.Free, do string) string {
	return fmt.Sprintf("on %s, and %s not know what rejects it there (%s)", text.First(free.First, len(free.First), free.Nodes), do, text.And(free.Predicates))
}

// takesAsWell adds which nodes are taken to be free to a sentence that has said why no other would help.
func takesAsWell(a *autoscaler.Answer) string {
	for _, name := range a.Asked() {
		if free := a.Free[name]; free.Nodes > 0 && len(a.Seen) > 0 {
			return fmt.Sprintf("; %s takes the pod to fit on %s", name, text.First(free.First, len(free.First), free.Nodes))
		}
	}
	return ""
}

func onItsWay(a *autoscaler.Answer) string {
	switch {
	case a.Claim != nil:
		line := fmt.Sprintf("Karpenter has asked for a node, which does not take pods yet: NodeClaim %s waits for %s", a.ClaimName, a.Claim.Waits)
		if a.Claim.Message != "" {
			line += " (" + spoken(a.Claim.Message) + ")"
		}
		return line
	case a.ClaimName != "":
		return fmt.Sprintf("Karpenter has asked for a node, NodeClaim %s; how far that is could not be read", a.ClaimName)
	default:
		return "cluster-autoscaler has asked for a node a short while ago"
	}
}

func backingOff(a *autoscaler.Answer) string {
	b := a.Backoffs[0]
	line := fmt.Sprintf("an attempt with node group %s failed (%s), and it is left alone for some time", b.Group, spoken(strings.TrimPrefix(b.Code+": "+b.Message, ": ")))
	if rest := a.All - 1; rest > 0 {
		line += fmt.Sprintf("; the %s fare no better or are full", text.Count(rest, "other group"))
	}
	return line
}

// autoscalerText is the paragraph of an explanation.
func autoscalerText(out *bytes.Buffer, a *Autoscaler) {
	if a == nil {
		return
	}
	fmt.Fprintf(out, "\n%s\n", text.Wrap(width, plain.Line(a.Summary)+".", "Autoscaler: ", "  "))
	for i := range a.Said {
		s := &a.Said[i]
		if a.Why == autoscaler.Said && len(a.Said) == 1 {
			break // It is the sentence.
		}
		fmt.Fprintln(out, text.Wrap(width, plain.Line(s.Message), fmt.Sprintf("%s said%s: ", s.By, ago(s.Last, a.now)), "  "))
	}
	for _, what := range a.Unknown {
		fmt.Fprintln(out, text.Wrap(width, plain.Line(what)+".", "Not known of autoscalers: ", "  "))
	}
}

func ago(at, now time.Time) string {
	if at.IsZero() || now.IsZero() || now.Before(at) {
		return ""
	}
	return " " + duration.HumanDuration(now.Sub(at)) + " ago"
}

// autoscalersText says of the pods of a list why autoscalers add no node, what is the same once.
func autoscalersText(out *bytes.Buffer, lines []PodLine) {
	var summaries []string
	pods := map[string][]string{}
	for i := range lines {
		if s := lines[i].Autoscaler; s != "" {
			if pods[s] == nil {
				summaries = append(summaries, s)
			}
			pods[s] = append(pods[s], lines[i].Pod.Namespace+"/"+lines[i].Pod.Name)
		}
	}
	for i, s := range summaries {
		if i == 0 {
			fmt.Fprint(out, "\nAutoscaler:\n")
		}
		fmt.Fprintln(out, text.Wrap(width, plain.Line(text.Few(pods[s], func(name string) string { return name })+": "+s)+".", "  ", "    "))
	}
}
