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
	settings := Settings{VolumesResource: "moorage.dev/volumes", VolumesResourceSchedulers: []string{"default-scheduler", "moorage-scheduler"}}
	const written = ", resources: {limits: {moorage.dev/volumes: 1}, requests: {moorage.dev/volumes: 1}}"
	on := func(scheduler, pod string) string {
		return strings.Replace(pod, "spec: {", "spec: {schedulerName: "+scheduler+", ", 1)
	}
	runPatches(t, VolumesResource, settings, nil, []patchCase{
		{
			name: "a scheduler that ignores it", reason: "it asks moorage", object: on("moorage-scheduler", pod(", resources: {}", claim)),
			want: `[{"op":"add","path":"` + path + `/limits","value":{"moorage.dev/volumes":"1"}},{"op":"add","path":"` + path + `/requests","value":{"moorage.dev/volumes":"1"}}]`,
		},
		{name: "a scheduler that is not known to", reason: "it would find no node", object: on("volcano", pod(", resources: {}", claim))},
		{
			name: "given to such a scheduler since", reason: "the pod would wait for ever", object: on("volcano", pod(written, claim)),
			want: `[{"op":"remove","path":"` + path + `/limits/moorage.dev~1volumes"},{"op":"remove","path":"` + path + `/requests/moorage.dev~1volumes"}]`,
		},
		{
			name: "another number on such a scheduler", reason: "somebody else wrote it",
			object: on("volcano", pod(", resources: {limits: {moorage.dev/volumes: 2}, requests: {moorage.dev/volumes: 2}}", claim)),
		},
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
