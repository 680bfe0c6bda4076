// SPDX-License-Identifier: Apache-2.0

package simulate

import (
	"k8s.io/apimachinery/pkg/labels"

	"github.com/moorage-k8s/moorage/nodefit"
)

// counts remembers how many pods alike each node has, since from one pod to the next hardly any node changes.
type counts map[string]map[string]remembered

// remembered is a count of the pods of a node: it holds as long as the node has the same ones.
type remembered struct {
	first **nodefit.Pod
	pods  int
	count int
}

// mostCounted bounds of how many selectors the counts are kept.
const mostCounted = 64

// matching is how many pods of the namespace on the node match the selector, as the constraints of pods count them: none for a selector of
// everything, and none that are being deleted.
func (c counts) matching(node string, pods []*nodefit.Pod, namespace, selectorText string, selector labels.Selector) int {
	if len(pods) == 0 || selector.Empty() {
		return 0
	}
	key := namespace + "\x00" + selectorText
	of := c[key]
	if of == nil {
		if len(c) >= mostCounted {
			clear(c)
		}
		of = map[string]remembered{}
		c[key] = of
	}
	if r := of[node]; r.first == &pods[0] && r.pods == len(pods) {
		return r.count
	}
	n := 0
	for _, p := range pods {
		if p.Namespace == namespace && !p.Deleting && selector.Matches(labels.Set(p.Labels)) {
			n++
		}
	}
	of[node] = remembered{&pods[0], len(pods), n}
	return n
}
