// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// A simulator, such as an autoscaler that asks whether a pod would fit on a node that it could add, wants an answer and nothing else: no pod is noted for
// it, nothing is waited for, and the metrics and the decisions that are kept do not know of it. The nodes are what the request says they are.

// templateNode is the label by which cluster-autoscaler marks the nodes that it simulates (kubernetes/autoscaler#9702).
const templateNode = "cluster-autoscaler.kubernetes.io/template-node"

// maxSimulated is how many nodes of a request are taken as it gives them. A cluster-autoscaler asks about one of each node group.
const maxSimulated = 1000

type dryRunKey struct{}

// withDryRun notes in the context of a request whether its query has dry-run.
func withDryRun(r *http.Request) context.Context {
	if query := r.URL.Query(); query.Has("dry-run") && query.Get("dry-run") != "false" {
		return context.WithValue(r.Context(), dryRunKey{}, true)
	}
	return r.Context()
}

// isDryRun reports whether the request is a simulator's: it says so, or asks about a node that is marked as a template.
func (r *request) isDryRun(ctx context.Context) bool {
	if ctx.Value(dryRunKey{}) != nil {
		return true
	}
	return r.full && slices.ContainsFunc(r.nodes, func(c candidate) bool { return c.isTemplate() })
}

func (c *candidate) isTemplate() bool {
	if !bytes.Contains(c.object(), []byte(templateNode)) { // Thousands of nodes need not be decoded for it.
		return false
	}
	_, marked := c.labels()[templateNode]
	return marked
}

// labels are those of a node that was given whole.
func (c *candidate) labels() map[string]string {
	var node struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	}
	if json.Unmarshal(c.object(), &node) != nil {
		return nil
	}
	return node.Metadata.Labels
}

// simulated is the cluster with the nodes of the request as it gives them.
func (e *Extender) simulated(r *request) *topology.Snapshot {
	s := e.options.Snapshot()
	if !r.full || len(r.nodes) == 0 {
		return s
	}
	patterns := driversOf(s)
	draft := s.Draft()
	for i := range r.nodes[:min(len(r.nodes), maxSimulated)] {
		c := &r.nodes[i]
		node := &topology.Node{Name: string(c.name()), Labels: c.labels(), Ready: true}
		if node.Labels == nil {
			node.Labels = map[string]string{}
		}
		if at, known := s.NodeIndex(node.Name); known {
			like := *s.Node(at)
			like.Labels = node.Labels
			node = &like
		} else {
			register(node, patterns)
		}
		draft.PutNode(node)
	}
	return draft.Snapshot()
}

// driversOf are the drivers that nodes register, with the topology keys of the first that gives any, sorted by name.
func driversOf(s *topology.Snapshot) []topology.NodeDriver {
	found := map[string]topology.NodeDriver{}
	for i := range s.NumNodes() {
		for _, d := range s.Node(i).Drivers {
			if known, ok := found[d.Name]; !ok || len(known.TopologyKeys) == 0 {
				found[d.Name] = topology.NodeDriver{Name: d.Name, TopologyKeys: d.TopologyKeys, Allocatable: -1}
			}
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b topology.NodeDriver) int { return cmp.Compare(a.Name, b.Name) })
}

// register gives a node that does not exist the drivers that it will have: those of other nodes, with the topology keys for which it has labels. A label
// that the driver itself sets when it starts, with the node's name, say, is set as it would be: nobody can know it before.
func register(node *topology.Node, drivers []topology.NodeDriver) {
	node.HasCSINode = true
	for _, d := range drivers {
		keys := slices.DeleteFunc(slices.Clone(d.TopologyKeys), func(key string) bool { _, ok := node.Labels[key]; return !ok })
		if len(keys) == 0 && len(d.TopologyKeys) > 0 {
			keys = d.TopologyKeys
			for _, key := range keys {
				node.Labels[key] = node.Name
			}
		}
		d.TopologyKeys = keys
		node.Drivers = append(node.Drivers, d)
	}
}

// dryFilter is refusals for a simulator.
func (e *Extender) dryFilter(r *request) (refusal func(i int) (placement.Reason, bool)) {
	s := e.simulated(r)
	j := e.judgeAs(r, s, e.options.Engine.Filter(s, placement.NewDemand(s, r.pod)))
	return j.refusal
}

// dryScores is scores for a simulator.
func (e *Extender) dryScores(r *request) (score func(i int) int) {
	s := e.simulated(r)
	candidates, rated := candidatesOf(r, s)
	scores := e.options.Engine.Score(s, e.options.Engine.Filter(s, placement.NewDemand(s, r.pod)), candidates)
	for i, node := range rated {
		if rated[i] = 0; node >= 0 {
			rated[i] = scores.Node(node)
		}
	}
	return func(i int) int { return rated[i] }
}
