// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// blame is what the engine rejected the nodes of a cause for, gathered from its evidence.
type blame struct {
	// Evidence is that of the first node.
	placement.Evidence
	// pods, drivers and labels are of all the nodes, each once.
	pods    []*topology.Pod
	drivers []string
	labels  []string
}

// blamed asks the engine for the evidence of a cause, once.
func (q *asked) blamed(c *cause) *blame {
	if c.blame != nil {
		return c.blame
	}
	c.blame = &blame{}
	first := true
	for i := range c.nodes.All() {
		for _, e := range c.eliminations {
			if !e.Nodes.Has(i) {
				continue
			}
			evidence := q.v.Because(e, i)
			if first {
				c.blame.Evidence, first = evidence, false
			}
			c.blame.pods = appendNew(c.blame.pods, evidence.Pods...)
			c.blame.labels = appendNew(c.blame.labels, evidence.Labels...)
			if evidence.Driver != "" {
				c.blame.drivers = appendNew(c.blame.drivers, evidence.Driver)
			}
		}
		if !c.differs() {
			break
		}
	}
	slices.Sort(c.blame.labels)
	return c.blame
}

// differs tells whether other nodes may be rejected for other pods, drivers or labels than the first.
func (c *cause) differs() bool {
	switch c.reason {
	case placement.ReasonDiskConflict, placement.ReasonDriverReady, placement.ReasonTopologyLabels:
		return true
	default:
		return false
	}
}

func appendNew[T comparable](to []T, more ...T) []T {
	for _, v := range more {
		if !slices.Contains(to, v) {
			to = append(to, v)
		}
	}
	return to
}

// holders names the pods that keep a volume from this one.
func (q *asked) holders(pods []*topology.Pod) string {
	return few(pods, func(pod *topology.Pod) string { return fmt.Sprintf("pod %s on %s", q.nameOf(pod.Key()), pod.Node) })
}

// promised names the promises, with the room that each takes.
func (q *asked) promised(promises []placement.Promise) string {
	return few(promises, func(p placement.Promise) string {
		return fmt.Sprintf("%s for claim %s", Size(p.Bytes), q.nameOf(p.Claim))
	})
}

// nameOf leaves out the namespace where it is that of the pod.
func (q *asked) nameOf(key topology.Key) string {
	if key.Namespace == q.Pod.Namespace {
		return key.Name
	}
	return key.String()
}
