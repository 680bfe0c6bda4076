// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/nodeset"
)

// withoutSource proposes that a claim's volume is made in another way than from a source whose place it cannot leave.
func (q *asked) withoutSource(c *cause) []proposal {
	v, b := &q.d.Volumes[c.volume], q.blamed(c)
	change := Change{Do: StartEmpty, Object: Object{"PersistentVolumeClaim", v.Claim.Namespace, v.Claim.Name}, Volume: v, From: b.Origin}
	at := costMove
	if !v.Claim.Source.Snapshot && q.Engine.RestoresAnywhere(v.Class) {
		change.Do, at = RestoreInstead, costVolume
	}
	return []proposal{{Change: change, cost: at, apply: func(d *topology.Draft) {
		claim := *v.Claim
		claim.Source = topology.ClaimSource{}
		d.PutClaim(&claim)
	}}}
}

// allowByKey proposes that a class allows the nodes by a key of its driver: that of the driver's zones, or the first.
func (q *asked) allowByKey(c *cause) proposal {
	b := q.blamed(c)
	key := b.Keys[0]
	if zones := q.Snapshot.Zones(b.Driver); slices.Contains(b.Keys, zones.Key) {
		key = zones.Key
	}
	var values []string
	for i := range c.nodes.All() {
		if value, ok := q.Snapshot.Node(i).Labels[key]; ok {
			values = appendNew(values, value)
		}
	}
	slices.Sort(values)
	class := b.Class
	return proposal{
		Change: Change{
			Do: AllowByKey, Object: Object{Kind: "StorageClass", Name: class}, Class: class, Labels: []string{key}, Value: strings.Join(values, ", "),
		},
		cost: costClass,
		apply: func(d *topology.Draft) {
			by := *q.Snapshot.Class(class)
			by.Allowed = nodeset.AllowedTopologies([]corev1.TopologySelectorTerm{{
				MatchLabelExpressions: []corev1.TopologySelectorLabelRequirement{{Key: key, Values: values}},
			}})
			d.PutClass(&by)
		},
	}
}
