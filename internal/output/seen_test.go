// SPDX-License-Identifier: Apache-2.0

package output_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/internal/output"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// seenAlone is what the ClusterRole 'view' shows of a namespace: pods, claims and events, and neither nodes nor volumes nor classes.
const seenAlone = `
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, namespace: default, annotations: {pv.kubernetes.io/bind-completed: "yes"}}, spec: {volumeName: pv-1, accessModes: [ReadWriteOnce]}, status: {phase: Bound}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: new, namespace: default}, spec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}, status: {phase: Pending}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: lost, namespace: default, annotations: {pv.kubernetes.io/bind-completed: "yes"}}, spec: {volumeName: pv-9, accessModes: [ReadWriteOnce]}, status: {phase: Lost}}
---
{apiVersion: v1, kind: Pod, metadata: {name: hangs, namespace: default}, spec: {nodeName: n1, containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}, status: {phase: Pending}}
---
{apiVersion: v1, kind: Pod, metadata: {name: crashes, namespace: default}, spec: {nodeName: n1, containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]},
 status: {phase: Pending, containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: no such image}}}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: waits, namespace: default}, spec: {containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: new}}]},
 status: {phase: Pending, conditions: [{type: PodScheduled, status: "False", message: "0/3 nodes are available: 3 node(s) did not have enough free storage."}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: loses, namespace: default}, spec: {containers: [{name: c}], volumes: [{name: d, persistentVolumeClaim: {claimName: lost}}]}, status: {phase: Pending}}
`

func warning(kind, name, reason, message string) event.Event {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return event.Event{
		Object: event.Object{Kind: kind, Namespace: "default", Name: name}, Reason: reason, Message: message, By: "somebody", Count: 7, First: at.Add(-time.Hour), Last: at,
	}
}

var unlistedByView = []topology.Kind{
	topology.KindNode, topology.KindVolume, topology.KindClass, topology.KindCSINode, topology.KindDriver, topology.KindPool, topology.KindAttachment,
}

// askedOfSeen is a question of someone who may see no more.
func askedOfSeen(t *testing.T, name string, events ...event.Event) explain.Question {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seen.yaml")
	if err := os.WriteFile(path, []byte(seenAlone), 0o600); err != nil {
		t.Fatal(err)
	}
	cache := topology.New(topology.Options{NodeDelay: -1})
	if _, err := manifests.Load(cache, path); err != nil {
		t.Fatal(err)
	}
	objects, _, err := manifests.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := placement.NewEngine(placement.Config{})
	if err != nil {
		t.Fatal(err)
	}
	q := explain.Question{Snapshot: cache.Snapshot(), Engine: engine, Unlisted: unlistedByView, Events: events}
	if pod, ok := objects[topology.KindPod][topology.Key{Namespace: "default", Name: name}].(*corev1.Pod); ok {
		q.Pod, q.Whole = topology.PodFromAPI(pod), pod
		for _, c := range pod.Status.Conditions {
			q.Said = c.Message
		}
	}
	return q
}

// Who may see nothing but his own namespace gets what its events tell: causes, in the same words as everybody.
func TestWarningEventsTellWhoMayViewAlone(t *testing.T) {
	for _, test := range []struct {
		name, pod string
		events    []event.Event
		fits      bool
		want      []string
		wrong     []string
	}{
		{
			name: "a mount that fails, by the volume's name", pod: "hangs",
			events: []event.Event{warning("Pod", "hangs", "FailedMount", `MountVolume.SetUp failed for volume "pv-1" : mount failed: exit status 32 Output: mount.nfs: access denied by server while mounting 10.0.0.9:/x`)},
			want:   []string{"it is on node n1 and waits: claim data: the NFS server turns this node away", "What to do:", "export the path", "WARNING EVENT", "list nodes"},
			wrong:  []string{"kube-scheduler", "is not in the cluster", "driver of"},
		},
		{
			name: "an attachment that fails", pod: "hangs",
			events: []event.Event{warning("Pod", "hangs", "FailedAttachVolume", `Multi-Attach error for volume "pv-1" Volume is already used by pod(s) other`)},
			want:   []string{"it is on node n1 and waits: claim data: ", "other"},
		},
		{name: "nothing is said", pod: "hangs", fits: true, want: []string{"the pod is on node n1 and has not started"}},
		{name: "its image", pod: "crashes", fits: true, want: []string{"its volumes are not to blame", "no such image"}},
		{
			name: "a volume that could not be made", pod: "waits",
			events: []event.Event{warning("PersistentVolumeClaim", "new", "ProvisioningFailed", `failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted desc = no space in pool`)},
			want:   []string{"the volume of claim new could not be made", "no space in pool", "What would help:", "kube-scheduler said:"},
			wrong:  []string{"No single change"},
		},
		{name: "kube-scheduler's words alone", pod: "waits", want: []string{"cannot be looked at with your rights; it says: 0/3 nodes are available"}},
		{name: "a claim that is lost", pod: "loses", want: []string{"kube-scheduler holds the pod back: "}, wrong: []string{"back: kube-scheduler", "No single change"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := explain.Pod(askedOfSeen(t, test.pod, test.events...))
			if e.Fits != test.fits {
				t.Errorf("fits: %v, want %v", e.Fits, test.fits)
			}
			var out bytes.Buffer
			if err := output.WriteExplanation(&out, e, output.Decided{}, "text", false); err != nil {
				t.Fatal(err)
			}
			mustSay(t, out.String(), test.want, test.wrong)
		})
	}
}

func TestWarningEventsOfAClaimTellWhoMayViewAlone(t *testing.T) {
	failed := warning("PersistentVolumeClaim", "new", "ProvisioningFailed", `failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted desc = no space in pool`)
	grows := warning("PersistentVolumeClaim", "data", "VolumeResizeFailed", `resize volume "pv-1" by resizer "x" failed: rpc error: code = Internal desc = cannot grow`)
	for _, test := range []struct {
		claim        string
		events       []event.Event
		fine, unsure bool
		want         []string
	}{
		{claim: "new", unsure: true, want: []string{"what it waits for cannot be looked at with your rights"}},
		{claim: "new", events: []event.Event{failed}, want: []string{"its volume could not be made: ", "no space in pool", "used by pod waits", "What would help:"}},
		{claim: "data", fine: true, want: []string{"it is bound to volume pv-1"}},
		{claim: "data", fine: true, events: []event.Event{grows}, want: []string{"it is bound to volume pv-1", "its volume does not change as it is to: ", "cannot grow"}},
	} {
		e := explain.OfSeenClaim(askedOfSeen(t, "", test.events...), topology.Key{Namespace: "default", Name: test.claim})
		if e.Fine() != test.fine || e.Unsure() != test.unsure {
			t.Errorf("%s: fine %v, unsure %v", test.claim, e.Fine(), e.Unsure())
		}
		var out bytes.Buffer
		if err := output.WriteSeenClaim(&out, e, "text", false); err != nil {
			t.Fatal(err)
		}
		mustSay(t, out.String(), test.want, nil)
	}
}

func mustSay(t *testing.T, said string, want, wrong []string) {
	t.Helper()
	line := strings.Join(strings.Fields(said), " ")
	for _, w := range want {
		if !strings.Contains(line, strings.Join(strings.Fields(w), " ")) {
			t.Errorf("does not say %q:\n%s", w, said)
		}
	}
	for _, w := range wrong {
		if strings.Contains(line, w) {
			t.Errorf("says %q:\n%s", w, said)
		}
	}
}
