// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"strings"
	"testing"
)

func TestVolumesResource(t *testing.T) {
	pod := func(resources, volume string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i` + resources + `}, {name: d, image: i}], volumes: [{name: v, ` + volume + `}]}}`
	}
	const (
		claim = "persistentVolumeClaim: {claimName: waits}"
		path  = "/spec/containers/0/resources"
	)
	runPatches(t, VolumesResource, Settings{VolumesResource: "moorage.dev/volumes"}, nil, []patchCase{
		{
			name: "no resources", reason: "the API server writes an empty object", object: pod(", resources: {}", claim),
			want: `[{"op":"add","path":"` + path + `/limits","value":{"moorage.dev/volumes":"1"}},{"op":"add","path":"` + path + `/requests","value":{"moorage.dev/volumes":"1"}}]`,
		},
		{
			name: "other resources", reason: "they stay", object: pod(", resources: {limits: {memory: 1Gi}, requests: {memory: 1Gi}}", claim),
			want: `[{"op":"add","path":"` + path + `/limits/moorage.dev~1volumes","value":"1"},{"op":"add","path":"` + path + `/requests/moorage.dev~1volumes","value":"1"}]`,
		},
		{name: "asked for already", reason: "once is enough", object: pod(", resources: {limits: {moorage.dev/volumes: 2}, requests: {moorage.dev/volumes: 2}}", claim)},
		{name: "no claim", reason: "kube-scheduler need not ask", object: pod(", resources: {}", "emptyDir: {}")},
		{name: "a node is named", reason: "no scheduler sees it", object: strings.Replace(pod("", claim), "spec: {", "spec: {nodeName: node-1, ", 1)},
		{name: "an update", reason: "resources are immutable", object: pod("", claim), old: pod("", claim)},
	})
}
