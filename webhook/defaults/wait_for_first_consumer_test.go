// SPDX-License-Identifier: Apache-2.0

package defaults

import "testing"

func TestWaitForFirstConsumer(t *testing.T) {
	class := func(provisioner, mode, rest string) string {
		return `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: c}, provisioner: ` + provisioner + `, volumeBindingMode: ` + mode + rest + `}`
	}
	const waits = `[{"op":"replace","path":"/volumeBindingMode","value":"WaitForFirstConsumer"}]`
	immediate := class("ebs.csi.aws.com", "Immediate", "")
	runPatches(t, waitForFirstConsumerDefault.Name, Settings{}, storage, []patchCase{
		{name: "a zonal driver", reason: "its volumes belong where the pod goes", object: immediate, want: waits},
		{name: "a node's driver", reason: "the same", object: class("topolvm.io", "Immediate", ""), want: waits},
		{name: "the old manifest once more", reason: "the mode is immutable", object: immediate, old: class("ebs.csi.aws.com", "WaitForFirstConsumer", ""), want: waits},
		{name: "waits", reason: "nothing to do", object: class("ebs.csi.aws.com", "WaitForFirstConsumer", "")},
		{
			name: "one zone", reason: "there is nothing to choose",
			object: class("ebs.csi.aws.com", "Immediate", ", allowedTopologies: [{matchLabelExpressions: [{key: topology.ebs.csi.aws.com/zone, values: [a]}]}]"),
		},
		{name: "reached from everywhere", reason: "nothing to wait for", object: class("efs.csi.aws.com", "Immediate", "")},
		{name: "an unknown driver", reason: "in doubt nothing changes", object: class("csi.example.com", "Immediate", "")},
		{name: "volumes made by hand", reason: "who made them knows", object: class("kubernetes.io/no-provisioner", "Immediate", "")},
		{name: "an installation without zones", reason: "its CSINodes say so", object: class("csi.hetzner.cloud", "Immediate", "")},
		{name: "an old class is updated", reason: "its mode is immutable", object: immediate, old: immediate},
	})
	runPatches(t, waitForFirstConsumerDefault.Name, Settings{}, nil, []patchCase{
		{name: "no view of the cluster", reason: "this installation may have no zones", object: immediate},
	})
}
