// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// selecting selects the namespaces of storage that opted in.
func selecting(t testing.TB) rules.NamespaceSelector {
	t.Helper()
	selector, err := rules.NewNamespaceSelector(&metav1.LabelSelector{MatchLabels: map[string]string{"moorage.dev/scheduler": "enabled"}})
	if err != nil {
		t.Fatal(err)
	}
	return selector
}

func TestSchedulerName(t *testing.T) {
	settings := Settings{SchedulerName: "moorage-scheduler", SchedulerNamespaces: selecting(t)}
	const claim = "persistentVolumeClaim: {claimName: waits}"
	pod := func(metadata, scheduler, volume string) string {
		return `{apiVersion: v1, kind: Pod, metadata: {name: p` + metadata + `}, spec: {schedulerName: ` + scheduler + `, containers: [{name: c, image: i}], volumes: [{name: v, ` + volume + `}]}}`
	}
	const sent = `[{"op":"replace","path":"/spec/schedulerName","value":"moorage-scheduler"}]`
	runPatches(t, SchedulerName, settings, storage, []patchCase{
		{name: "a claim", reason: "the namespace opted in", object: pod("", "default-scheduler", claim), want: sent},
		{
			name: "an ephemeral volume", reason: "it is a claim too",
			object: pod("", "default-scheduler", "ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}"), want: sent,
		},
		{name: "no claim", reason: "any scheduler will do", object: pod("", "default-scheduler", "emptyDir: {}")},
		{name: "another scheduler", reason: "somebody chose it", object: pod("", "volcano", claim)},
		{name: "moorage's own", reason: "the scheduler would wait for itself", object: pod(", labels: {app.kubernetes.io/name: moorage}", "default-scheduler", claim)},
		{
			name: "a node is named", reason: "no scheduler sees it",
			object: strings.Replace(pod("", "default-scheduler", claim), "spec: {", "spec: {nodeName: node-1, ", 1),
		},
		{name: "an update", reason: "the scheduler is immutable", object: pod("", "default-scheduler", claim), old: pod("", "default-scheduler", claim)},
	})
	runPatches(t, SchedulerName, settings, nil, []patchCase{
		{name: "no view of the cluster", reason: "nobody is known to have opted in", object: pod("", "default-scheduler", claim)},
	})
	away := settings
	away.SchedulerReady = func() bool { return false }
	runPatches(t, SchedulerName, away, storage, []patchCase{
		{name: "the scheduler is away", reason: "the pod would wait for it", object: pod("", "default-scheduler", claim)},
	})
	d := only(t, SchedulerName, settings)
	raw := toJSON(t, pod("", "default-scheduler", claim))
	kind, object := decode(t, raw)
	for _, namespace := range []string{"other", "unheard-of", ""} {
		if result, err := d.Apply(kind, Input{Object: object, Namespace: namespace, Lookup: storage}, []byte(raw)); err != nil || result.Operations != nil {
			t.Errorf("namespace %q did not opt in, yet %+v, %v", namespace, result, err)
		}
	}
}
