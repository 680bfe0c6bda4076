// SPDX-License-Identifier: Apache-2.0

package joint

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moorage-k8s/moorage/internal/upstream"
)

// Said is a reason in kube-scheduler's message and for how many nodes it gives it.
type Said struct {
	Text  string
	Nodes int
}

// Unfound returns what kube-scheduler's message about the pod says of more nodes than the answer finds: another plugin, an object that
// cannot be read, or a time that has passed. It is empty where the message is not about nodes.
func (a *Answer) Unfound(message string) []Said {
	theirs, ours := reasonsIn(message), reasonsIn(a.Message())
	var out []Said
	for _, text := range slices.Sorted(maps.Keys(theirs)) {
		if more := theirs[text] - ours[text]; more > 0 {
			out = append(out, Said{Text: text, Nodes: more})
		}
	}
	return out
}

// Reasons are those of kube-scheduler's message, in the words of the newest release, sorted; none where it is not about nodes.
func Reasons(message string) []Said {
	reasons := reasonsIn(message)
	var out []Said
	for _, text := range slices.Sorted(maps.Keys(reasons)) {
		out = append(out, Said{Text: text, Nodes: reasons[text]})
	}
	return out
}

// counted is where a reason starts: each has its number of nodes before it.
var counted = regexp.MustCompile(`(?:^|, )(\d+) `)

// reasonsIn are the reasons of a message of the form '0/3 nodes are available: 1 Insufficient cpu, 2 …. preemption: …', in the words of the
// newest release, with their numbers of nodes.
func reasonsIn(message string) map[string]int {
	out := map[string]int{}
	_, list, found := strings.Cut(message, " nodes are available: ")
	if !found {
		return out
	}
	list, _, _ = strings.Cut(list, " preemption:")
	list, _, _ = strings.Cut(list, ". no new claims to deallocate,")
	starts := counted.FindAllStringSubmatchIndex(list, -1)
	for k, at := range starts {
		end := len(list)
		if k+1 < len(starts) {
			end = starts[k+1][0]
		}
		nodes, err := strconv.Atoi(list[at[2]:at[3]])
		if err != nil {
			continue
		}
		out[today(strings.TrimRight(list[at[1]:end], ". "))] += nodes
	}
	return out
}

// today is a reason in the words of the newest release.
func today(text string) string {
	switch {
	case text == "node(s) had volume node affinity conflict":
		return upstream.VolumeAffinity
	case strings.HasPrefix(text, "node(s) had untolerated taint {"), strings.HasPrefix(text, "node(s) had taint {"):
		return upstream.UntoleratedTaints
	case text == "node(s) didn't match node selector", text == "node(s) didn't match Pod's node affinity":
		return upstream.NodeAffinity
	default:
		return text
	}
}
