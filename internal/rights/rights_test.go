// SPDX-License-Identifier: Apache-2.0

package rights_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/moorage-k8s/moorage/internal/config"
	"github.com/moorage-k8s/moorage/internal/rights"
)

// reading is what every moorage reads, after the verbs and the nodes.
const reading = ", persistentvolumeclaims, persistentvolumes, pods, volumesnapshotclasses.snapshot.storage.k8s.io, " +
	"volumesnapshotcontents.snapshot.storage.k8s.io, volumesnapshots.snapshot.storage.k8s.io, csidrivers.storage.k8s.io, csinodes.storage.k8s.io, " +
	"csistoragecapacities.storage.k8s.io, storageclasses.storage.k8s.io, volumeattachments.storage.k8s.io, volumeattributesclasses.storage.k8s.io"

// What is needed follows from the configuration, and nothing is asked for that it does not need: above all no Secret.
func TestNeeded(t *testing.T) {
	for _, test := range []struct{ name, config, want string }{
		{"by default it reads, and no more", "", "list, watch nodes" + reading},
		{
			"where replicas are", "extender: {replicasOf: [driver.longhorn.io, linstor.csi.linbit.com]}\nwebhook: {bindAddress: '0'}",
			"list, watch nodes, persistentvolumeclaims, persistentvolumes, pods, resources.internal.linstor.linbit.com, nodes.longhorn.io, " +
				"replicas.longhorn.io, csidrivers.storage.k8s.io, csinodes.storage.k8s.io, csistoragecapacities.storage.k8s.io, " +
				"storageclasses.storage.k8s.io, volumeattachments.storage.k8s.io",
		},
		{
			"an authority of its own",
			"webhook: {authority: {namespace: moorage, names: [moorage.moorage.svc], validatingWebhookConfiguration: other}}",
			"list, watch nodes" + reading + "; get, update mutatingwebhookconfigurations.admissionregistration.k8s.io moorage; " +
				"get, update validatingwebhookconfigurations.admissionregistration.k8s.io other; get, update secrets moorage-ca in namespace moorage",
		},
		{
			"no webhook, and so nothing that only admission looks at",
			"webhook: {bindAddress: '0', authority: {namespace: moorage, names: [moorage.moorage.svc]}, schedulerName: {name: moorage-scheduler}}",
			"list, watch nodes, persistentvolumeclaims, persistentvolumes, pods, csidrivers.storage.k8s.io, csinodes.storage.k8s.io, " +
				"csistoragecapacities.storage.k8s.io, storageclasses.storage.k8s.io, volumeattachments.storage.k8s.io",
		},
		{
			"a scheduler for namespaces with a label",
			"webhook: {schedulerName: {name: moorage-scheduler, lease: {namespace: moorage, name: moorage-scheduler}}}",
			"list, watch namespaces, nodes" + reading + "; get leases.coordination.k8s.io moorage-scheduler in namespace moorage",
		},
		{
			"what is written for autoscalers, and not by those who do not serve it",
			"autoscaler: {events: true, templateCapacity: {namespace: moorage, lease: own}}\nextender: {bindAddress: '0'}",
			"list, watch nodes" + reading + "; get leases.coordination.k8s.io own in namespace moorage; " +
				"create, delete, update csistoragecapacities.storage.k8s.io in namespace moorage",
		},
		{
			"events on pods, beside the extender",
			"autoscaler: {events: true, templateCapacity: {namespace: moorage, lease: own}}\nwebhook: {bindAddress: '0'}",
			"create events; list, watch nodes, persistentvolumeclaims, persistentvolumes, pods, csidrivers.storage.k8s.io, csinodes.storage.k8s.io, " +
				"csistoragecapacities.storage.k8s.io, storageclasses.storage.k8s.io, volumeattachments.storage.k8s.io",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := config.Parse([]byte("apiVersion: moorage.dev/v1alpha1\nkind: MoorageConfiguration\n" + test.config))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, rights.Sentence(rights.Needed(c))); diff != "" {
				t.Errorf("rights (-want +got):\n%s", diff)
			}
		})
	}
}

// The commands are what kubectl takes: a role where a namespace is named, and one role for each set of verbs.
func TestGrantCommands(t *testing.T) {
	missing := []rights.Right{
		{Verb: "watch", Resource: "pods"},
		{Verb: "watch", Group: "storage.k8s.io", Resource: "csinodes"},
		{Verb: "update", Resource: "secrets", Namespace: "storage", Name: "moorage-ca"},
		{Verb: "get", Resource: "secrets", Namespace: "storage", Name: "moorage-ca"},
	}
	want := `kubectl create clusterrole moorage-missing-1 --verb=watch --resource=pods,csinodes.storage.k8s.io
kubectl create clusterrolebinding moorage-missing-1 --clusterrole=moorage-missing-1 --serviceaccount=storage:moorage
kubectl create role moorage-missing-2 --namespace=storage --verb=get,update --resource=secrets --resource-name=moorage-ca
kubectl create rolebinding moorage-missing-2 --namespace=storage --role=moorage-missing-2 --serviceaccount=storage:moorage`
	got := strings.Join(rights.GrantCommands(missing, "moorage-missing", "--serviceaccount=storage:moorage"), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	if one := rights.GrantCommands(missing[:2], "moorage-missing", "--user=jane"); len(one) != 2 || !strings.Contains(one[0], "clusterrole moorage-missing --verb") {
		t.Errorf("one role is enough for %q", one)
	}
}
