// SPDX-License-Identifier: Apache-2.0

package rules

import "testing"

func TestAPIRefused(t *testing.T) {
	const head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	const claimHead = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec:\n  resources: {requests: {storage: 1Gi}}\n"
	runRule(t, "api-refused", []ruleCase{
		{
			name: "ReadWriteOncePod beside another", reason: "Forbidden", manifest: claimHead + "  accessModes: [ReadWriteOnce, ReadWriteOncePod]\n",
			want: []string{"spec.accessModes[1]: ReadWriteOncePod is combined with other access modes"}, action: Deny, api: true,
		},
		{name: "ReadWriteOncePod alone", reason: "the way to write it", manifest: claimHead + "  accessModes: [ReadWriteOncePod]\n"},
		{name: "several other modes", reason: "a claim may ask for several", manifest: claimHead + "  accessModes: [ReadWriteOnce, ReadOnlyMany]\n"},
		{
			name: "no modes", reason: "Required", manifest: claimHead,
			want: []string{"spec.accessModes: there is no access mode"}, action: Deny, api: true,
		},
		{
			name: "a misspelt mode", reason: "Unsupported value", manifest: claimHead + "  accessModes: [ReadWriteOnse]\n",
			want: []string{`spec.accessModes[0]: access mode "ReadWriteOnse" does not exist; did you mean ReadWriteOnce, ReadWriteMany or ReadWriteOncePod?`}, action: Deny, api: true,
		},
		{
			name: "no size", reason: "Required", manifest: "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\nspec: {accessModes: [ReadWriteOnce]}\n",
			want: []string{"spec.resources.requests.storage: the claim requests no size"}, action: Deny, api: true,
		},
		{
			name: "a volume's modes", reason: "the same rule as for claims",
			manifest: "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec:\n  capacity: {storage: 1Gi}\n  accessModes: [ReadWriteMany, ReadWriteOncePod]\n" +
				"  hostPath: {path: /srv/../etc}\n",
			want: []string{
				"spec.accessModes[1]: ReadWriteOncePod is combined with other access modes",
				`spec.hostPath.path: hostPath "/srv/../etc" contains '..'`,
			}, action: Deny, api: true,
		},
		{
			name: "a claim template of a StatefulSet", reason: "not validated with the set: only its claims are refused, later",
			manifest: "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: s}\nspec:\n  template: {spec: {containers: [{name: c, volumeMounts: [{name: data, mountPath: /d}]}]}}\n" +
				"  volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: 1Gi}}}}]\n",
			want: []string{`spec.volumeClaimTemplates[0].spec.accessModes: claim template "data": there is no access mode`}, action: Deny, api: false,
		},
		{
			name: "a field of the first versions", reason: "tutorials still show meta.labels",
			manifest: head + "  volumes: [{name: info, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: meta.labels}}]}}]\n",
			want: []string{
				`spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: volume "info": the downward API has no field "meta.labels" in a volume; ` +
					"what was meta.labels in early versions is metadata.labels",
			}, action: Deny, api: true,
		},
		{
			name: "fields that there are", reason: "one label by its key, and an address in a variable",
			manifest: head + "  containers: [{name: c, env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['app']\"}}}]}]\n" +
				"  volumes: [{name: info, projected: {sources: [{downwardAPI: {items: [{path: a, fieldRef: {fieldPath: \"metadata.annotations['a']\"}}]}}]}}]\n",
		},
		{
			name: "an address in a volume", reason: "it is not known yet when the volume is made",
			manifest: head + "  volumes: [{name: info, downwardAPI: {items: [{path: ip, fieldRef: {fieldPath: status.podIP}}]}}]\n",
			want: []string{
				`spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath: volume "info": the downward API has no field "status.podIP" in a volume`,
			}, action: Deny, api: true,
		},
		{
			name: "a mount without its volume", reason: "Not found",
			manifest: head + "  containers: [{name: c, volumeMounts: [{name: date, mountPath: /d}]}]\n  volumes: [{name: data, emptyDir: {}}]\n",
			want: []string{
				`spec.containers[0].volumeMounts[0].name: container "c" mounts volume "date", which the pod does not have; did you mean data?`,
			}, action: Deny, api: true,
		},
		{
			name: "subPaths", reason: "only below the volume",
			manifest: head + "  containers: [{name: c, volumeMounts: [{name: data, mountPath: /a, subPath: /abs}, {name: data, mountPath: /b, subPath: a/../../b}, " +
				"{name: data, mountPath: /c, subPath: a..b/c}]}]\n  volumes: [{name: data, emptyDir: {}}]\n",
			want: []string{
				`spec.containers[0].volumeMounts[0].subPath: container "c": subPath "/abs" is absolute`,
				`spec.containers[0].volumeMounts[1].subPath: container "c": subPath "a/../../b" contains '..'`,
			}, action: Deny, api: true,
		},
	})
}
