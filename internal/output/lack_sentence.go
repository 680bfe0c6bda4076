// SPDX-License-Identifier: Apache-2.0

package output

import (
	"fmt"
	"strings"

	"github.com/moorage-k8s/moorage/internal/text"
)

// sentence says what one node lacks, as a sentence about it.
func sentence(node, what string) string { return lackSentence(node, what, singular) }

// sentenceOf says what several nodes lack alike.
func sentenceOf(names []string, what string) string {
	nodes := fmt.Sprintf("%s (%s)", text.Count(len(names), "node"), text.First(names, 3, len(names)))
	return lackSentence(nodes, what, plural)
}

// number is how many a verb is about.
type number int

const (
	singular number = iota
	plural
)

// verbs are those with which what a node lacks begins, for one and for several.
var verbs = map[string]string{"does": "do", "has": "have", "needs": "need", "takes": "take"}

func lackSentence(nodes, what string, n number) string {
	is, has := "is", "has"
	if n == plural {
		is, has = "are", "have"
	}
	verb, rest, _ := strings.Cut(what, " ")
	switch {
	case what == cordoned, isState(what):
		return nodes + " " + is + " " + what
	case verbs[verb] != "" && n == plural:
		return nodes + " " + verbs[verb] + " " + rest
	case verbs[verb] != "":
		return nodes + " " + what
	case strings.HasPrefix(what, "taint ") && strings.HasSuffix(what, notTolerated):
		return fmt.Sprintf("%s %s %s, which the pod does not tolerate", nodes, has, strings.TrimSuffix(what, notTolerated))
	case strings.HasPrefix(what, "taints ") && strings.HasSuffix(what, notAllTolerated):
		return fmt.Sprintf("%s %s %s, which the pod does not tolerate", nodes, has, strings.TrimSuffix(what, notAllTolerated))
	case strings.HasPrefix(what, "maxSkew "): // It says where.
		return what
	default:
		return nodes + ": " + what
	}
}
