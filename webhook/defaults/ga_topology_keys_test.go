// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"strings"
	"testing"
)

func TestGATopologyKeys(t *testing.T) {
	class := func(terms string) string {
		return `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, provisioner: kubernetes.io/gce-pd, allowedTopologies: [` + terms + `]}`
	}
	in := func(key, value string) string {
		return `{matchLabelExpressions: [{key: ` + key + `, values: [` + value + `]}]}`
	}
	volume := func(terms string) string {
		return `{apiVersion: v1, kind: PersistentVolume, metadata: {name: v}, spec: {nodeAffinity: {required: {nodeSelectorTerms: [` + terms + `]}}}}`
	}
	on := func(key string) string {
		return `{matchExpressions: [{key: ` + key + `, operator: In, values: [a]}]}`
	}
	const (
		betaZone   = "failure-domain.beta.kubernetes.io/zone"
		betaRegion = "failure-domain.beta.kubernetes.io/region"
		zone       = "topology.kubernetes.io/zone"
	)
	runPatches(t, gaTopologyKeysDefault.Name, Settings{}, storage, []patchCase{
		{
			name: "a class", reason: "only the keys change", object: class(in(betaZone, "a") + ", " + in(betaRegion, "r")),
			want: `[{"op":"replace","path":"/allowedTopologies/0/matchLabelExpressions/0/key","value":"topology.kubernetes.io/zone"},` +
				`{"op":"replace","path":"/allowedTopologies/1/matchLabelExpressions/0/key","value":"topology.kubernetes.io/region"}]`,
		},
		{
			name: "a volume", reason: "only the keys change", object: volume(on("kubernetes.io/os") + ", " + on(betaZone)),
			want: `[{"op":"replace","path":"/spec/nodeAffinity/required/nodeSelectorTerms/1/matchExpressions/0/key","value":"topology.kubernetes.io/zone"}]`,
		},
		{
			name: "the old manifest once more", reason: "the stored volume cannot go back to the beta label", object: volume(on(betaZone)), old: volume(on(zone)),
			want: `[{"op":"replace","path":"/spec/nodeAffinity/required/nodeSelectorTerms/0/matchExpressions/0/key","value":"topology.kubernetes.io/zone"}]`,
		},
		{
			name: "the old class once more", reason: "it should say what is stored", object: class(in(betaZone, "a")), old: class(in(zone, "a")),
			want: `[{"op":"replace","path":"/allowedTopologies/0/matchLabelExpressions/0/key","value":"topology.kubernetes.io/zone"}]`,
		},
		{name: "both labels", reason: "the terms would become one, which the API server refuses", object: class(in(betaZone, "a") + ", " + in(zone, "a"))},
		{name: "the present label", reason: "nothing to do", object: class(in(zone, "a"))},
		{name: "a driver's own label", reason: "nobody else's business", object: class(in("topology.ebs.csi.aws.com/zone", "a"))},
		{name: "a class without terms", reason: "nothing to do", object: `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, provisioner: p}`},
		{
			name: "a driver that places by the old label", reason: "its CSINodes say so",
			object: strings.Replace(class(in(betaZone, "a")), "kubernetes.io/gce-pd", "old.csi.example.com", 1),
		},
		{
			name: "a driver that places by its own label", reason: "the present one would be refused as well",
			object: strings.Replace(class(in(betaZone, "a")), "kubernetes.io/gce-pd", "own.csi.example.com", 1),
		},
		{
			name: "the old class of such a driver once more", reason: "it should say what is stored", want: `[{"op":"replace","path":"/allowedTopologies/0/matchLabelExpressions/0/key","value":"topology.kubernetes.io/zone"}]`,
			object: strings.Replace(class(in(betaZone, "a")), "kubernetes.io/gce-pd", "own.csi.example.com", 1),
			old:    strings.Replace(class(in(zone, "a")), "kubernetes.io/gce-pd", "own.csi.example.com", 1),
		},
		{name: "an old class is updated", reason: "nobody asked to change it", object: class(in(betaZone, "a")), old: class(in(betaZone, "a"))},
		{name: "an old class gets another zone", reason: "that is the author's change, and not ours", object: class(in(betaZone, "b")), old: class(in(zone, "a"))},
	})
	runPatches(t, gaTopologyKeysDefault.Name, Settings{}, nil, []patchCase{
		{name: "no view of the cluster", reason: "its nodes may carry the old labels only", object: class(in(betaZone, "a"))},
	})
}
