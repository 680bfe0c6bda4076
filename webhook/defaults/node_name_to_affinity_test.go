// SPDX-License-Identifier: Apache-2.0

package defaults

import "testing"

func TestNodeNameToAffinity(t *testing.T) {
	pod := func(claim, rest string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p` + rest + `, containers: [{name: c, image: i}], volumes: [{name: v, persistentVolumeClaim: {claimName: ` + claim + `}}]}}`
	}
	const (
		node   = "}, spec: {nodeName: node-1"
		demand = `{"key":"metadata.name","operator":"In","values":["node-1"]}`
		freed  = `{"op":"remove","path":"/spec/nodeName"}`
	)
	required := func(terms string) string {
		return node + ", affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [" + terms + "]}}}"
	}
	const terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/"
	runPatches(t, nodeNameToAffinityDefault.Name, Settings{}, storage, []patchCase{
		{
			name: "no affinity", reason: "it gets one", object: pod("waits", node),
			want: `[{"op":"add","path":"/spec/affinity","value":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":` +
				`{"nodeSelectorTerms":[{"matchFields":[` + demand + `]}]}}}},` + freed + `]`,
		},
		{
			name: "another affinity", reason: "it stays", object: pod("waits", node+", affinity: {podAntiAffinity: {}}"),
			want: `[{"op":"add","path":"/spec/affinity/nodeAffinity","value":{"requiredDuringSchedulingIgnoredDuringExecution":` +
				`{"nodeSelectorTerms":[{"matchFields":[` + demand + `]}]}}},` + freed + `]`,
		},
		{
			name: "alternatives", reason: "the node is demanded in each; one that matches nothing still does",
			object: pod("waits", required("{matchExpressions: [{key: a, operator: Exists}]}, {}, {matchFields: [{key: metadata.name, operator: NotIn, values: [x]}]}")),
			want:   `[{"op":"add","path":"` + terms + `0/matchFields","value":[` + demand + `]},{"op":"add","path":"` + terms + `2/matchFields/-","value":` + demand + `},` + freed + `]`,
		},
		{name: "nothing can match", reason: "to demand more would make it match", object: pod("waits", required("{}"))},
		{name: "a bound claim", reason: "the scheduler is not needed", object: pod("bound", node)},
		{name: "no nodeName", reason: "nothing to do", object: pod("waits", "}, spec: {terminationGracePeriodSeconds: 1")},
		{name: "a mirror pod", reason: "a kubelet runs it already", object: pod("waits", ", annotations: {kubernetes.io/config.mirror: x}"+node)},
		{name: "an update", reason: "the scheduler has set it", object: pod("waits", node), old: pod("waits", node)},
	})
	runPatches(t, nodeNameToAffinityDefault.Name, Settings{}, nil, []patchCase{
		{name: "no view of the cluster", reason: "the claim may be bound", object: pod("waits", node)},
	})
}
