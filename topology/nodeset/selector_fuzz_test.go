// SPDX-License-Identifier: Apache-2.0

package nodeset

import (
	"encoding/json"
	"testing"

	corev1 "k8s.io/api/core/v1"
	storagehelpers "k8s.io/component-helpers/storage/volume"
)

// fuzzNodes are nodes with labels of every kind that a selector can ask about.
var fuzzNodes = []map[string]string{
	{},
	{"zone": "a", "size": "3"},
	{"zone": "b", "size": "30", "rack": ""},
	{"zone": "a", "rack": "r1", "topology.kubernetes.io/zone": "a"},
	{"size": "x", "zone": ""},
	{"size": "-5", "rack": "r2"},
	{"size": "007", "zone": "c", "kubernetes.io/hostname": "n"},
}

// FuzzVolumeAffinity holds the compiled set of nodes against upstream's own matcher, node by node, for any affinity. Where
// upstream reports an error, the node is undecided and must pass.
func FuzzVolumeAffinity(f *testing.F) {
	for _, seed := range []string{
		`{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"In","values":["a","b"]},{"key":"size","operator":"Gt","values":["2"]}]}]}}`,
		`{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"NotIn","values":["a"]}]},{"matchExpressions":[{"key":"rack","operator":"Exists"}]}]}}`,
		`{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"size","operator":"Lt","values":["5"]},{"key":"rack","operator":"DoesNotExist"}]}]}}`,
		`{"required":{"nodeSelectorTerms":[{}]}}`, `{"required":{"nodeSelectorTerms":[]}}`, `{"required":{}}`, `{}`, `null`,
		`{"required":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["n"]}]}]}}`,
		`{"required":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["n","m"]}]}]}}`,
		`{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"Near"}]},{"matchExpressions":[{"key":"zone","operator":"In","values":["a"]}]}]}}`,
		`{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"zone","operator":"In"}]}]}}`,
		`{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"size","operator":"Gt","values":["a"]}]}]}}`,
	} {
		f.Add([]byte(seed))
	}
	nodes := make([]Node, len(fuzzNodes))
	for i, labels := range fuzzNodes {
		nodes[i] = Node{Name: string(rune('a' + i)), Labels: labels}
	}
	index := NewIndex(nodes)
	f.Fuzz(func(t *testing.T, data []byte) {
		var affinity *corev1.VolumeNodeAffinity
		if json.Unmarshal(data, &affinity) != nil {
			return
		}
		selector := VolumeAffinity(affinity)
		set := index.Match(selector)
		volume := &corev1.PersistentVolume{Spec: corev1.PersistentVolumeSpec{NodeAffinity: affinity}}
		for i := range nodes {
			labels := nodes[i].Labels
			err := storagehelpers.CheckNodeAffinity(volume, labels)
			switch {
			case err == nil && !set.Has(i):
				t.Fatalf("%s: upstream passes labels %v, the compiled set does not", data, labels)
			case err != nil && set.Has(i) && selector.Err() == nil:
				t.Fatalf("%s: upstream refuses labels %v (%v), the compiled set does not, and says that it could decide", data, labels, err)
			}
		}
	})
}
