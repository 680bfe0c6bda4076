// SPDX-License-Identifier: Apache-2.0

package extender_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	extenderv1 "k8s.io/kube-scheduler/extender/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/synthetic"
)

// crowded has nodes with one attach slot each, all taken: on a by a pod whose volume is attached, on b by an attachment that
// no pod uses.
func crowded(t *testing.T) *topology.Cache {
	t.Helper()
	c := topology.New(topology.Options{})
	put := func(o metav1.Object) {
		if err := c.Upsert(o); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b"} {
		put(&corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}})
		put(&storagev1.CSINode{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: storagev1.CSINodeSpec{
			Drivers: []storagev1.CSINodeDriver{{Name: "d", NodeID: name, Allocatable: &storagev1.VolumeNodeResources{Count: new(int32(1))}}},
		}})
	}
	for _, name := range []string{"mine", "theirs", "stray"} {
		put(&corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PersistentVolumeSpec{
			PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{Driver: "d", VolumeHandle: name}},
		}})
		put(&corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"}},
			Spec:       corev1.PersistentVolumeClaimSpec{VolumeName: name},
		})
	}
	victim := pod("theirs")
	victim.Name, victim.UID, victim.Spec.NodeName = "victim", "uid-victim", "a"
	put(victim)
	for node, volume := range map[string]string{"a": "theirs", "b": "stray"} {
		put(&storagev1.VolumeAttachment{ObjectMeta: metav1.ObjectMeta{Name: node}, Spec: storagev1.VolumeAttachmentSpec{
			Attacher: "d", NodeName: node, Source: storagev1.VolumeAttachmentSource{PersistentVolumeName: &volume},
		}})
	}
	c.Flush()
	return c
}

func TestPreemptKeepsWhatEvictionHelps(t *testing.T) {
	server, _ := serve(t, crowded(t), options{})

	var filtered extenderv1.ExtenderFilterResult
	post(t, server.URL+"/filter", extenderv1.ExtenderArgs{Pod: pod("mine"), NodeNames: &[]string{"a", "b"}}, &filtered)
	full := extenderv1.FailedNodesMap{"a": "node(s) exceed max volume count", "b": "node(s) exceed max volume count"}
	if diff := cmp.Diff(full, filtered.FailedNodes); diff != "" {
		t.Fatalf("a lack of attach slots should invite preemption (-want +got):\n%s", diff)
	}

	bystander := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "bystander", UID: "uid-bystander"}}
	victim := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "victim", UID: "uid-victim"}}
	want := map[string]*extenderv1.MetaVictims{
		// Its volume is detached when it goes; one pod more goes with it, as kube-scheduler has decided.
		"a":       {Pods: []*extenderv1.MetaPod{{UID: "uid-victim"}, {UID: "uid-bystander"}}, NumPDBViolations: 1},
		"unknown": {Pods: []*extenderv1.MetaPod{{UID: "uid-bystander"}}},
	}
	for name, args := range map[string]extenderv1.ExtenderPreemptionArgs{
		"by UID": {Pod: pod("mine"), NodeNameToMetaVictims: map[string]*extenderv1.MetaVictims{
			"a":       want["a"],
			"b":       {Pods: []*extenderv1.MetaPod{{UID: "uid-bystander"}}},
			"unknown": want["unknown"],
			"empty":   {},
		}},
		"by object": {Pod: pod("mine"), NodeNameToVictims: map[string]*extenderv1.Victims{
			"a":       {Pods: []*corev1.Pod{victim, bystander}, NumPDBViolations: 1},
			"b":       {Pods: []*corev1.Pod{bystander}},
			"unknown": {Pods: []*corev1.Pod{bystander}},
			"empty":   {},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got extenderv1.ExtenderPreemptionResult
			if status := post(t, server.URL+"/preempt", args, &got); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			if diff := cmp.Diff(want, got.NodeNameToMetaVictims); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPreemptOneWriter: a claim for one pod, in use on another node, is freed by evicting its user and by nothing else.
func TestPreemptOneWriter(t *testing.T) {
	c := crowded(t)
	if err := c.Upsert(&corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "theirs", Namespace: "default", Annotations: map[string]string{"pv.kubernetes.io/bind-completed": "yes"}},
		Spec: corev1.PersistentVolumeClaimSpec{
			VolumeName: "theirs", AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod},
		},
	}); err != nil {
		t.Fatal(err)
	}
	server, _ := serve(t, c, options{})
	for victim, kept := range map[types.UID]bool{"uid-victim": true, "uid-bystander": false} {
		var got extenderv1.ExtenderPreemptionResult
		post(t, server.URL+"/preempt", extenderv1.ExtenderPreemptionArgs{Pod: pod("theirs"), NodeNameToMetaVictims: map[string]*extenderv1.MetaVictims{
			"a": {Pods: []*extenderv1.MetaPod{{UID: string(victim)}}},
		}}, &got)
		if _, ok := got.NodeNameToMetaVictims["a"]; ok != kept {
			t.Errorf("with victim %s: kept %t, want %t", victim, ok, kept)
		}
	}
}

func TestPreemptRequestsThatCannotBeServed(t *testing.T) {
	for _, test := range []struct {
		name, body string
		options    options
		status     int
		message    string
	}{
		{"not JSON", `{`, options{}, 400, "invalid ExtenderPreemptionArgs"},
		{"no candidates", `{"Pod":{}}`, options{}, 400, "neither NodeNameToMetaVictims nor NodeNameToVictims is given"},
		{"no pod", `{"NodeNameToMetaVictims":{}}`, options{}, 400, "no Pod is given"},
		{"nulls", `{"Pod":{},"NodeNameToMetaVictims":{"a":null,"b":{"Pods":[null]}},"NodeNameToVictims":{"c":{"Pods":[null]}}}`, options{}, 200, ""},
		{"not synced", `{"Pod":{},"NodeNameToMetaVictims":{}}`, options{missing: []topology.Kind{topology.KindPod}}, 503, "still missing: Pod"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, _ := serve(t, crowded(t), test.options)
			var got struct{ Error string }
			status := post(t, server.URL+"/preempt", []byte(test.body), &got)
			if status != test.status || !strings.Contains(got.Error, test.message) {
				t.Errorf("status %d, error %q; want %d with %q", status, got.Error, test.status, test.message)
			}
		})
	}
}

// A volume that one node has at a time stays where another pod uses it: to evict pods elsewhere is in vain, and to evict the
// user itself makes room on its node.
func TestPreemptLeavesAVolumeWhereItIsUsed(t *testing.T) {
	server, _ := serve(t, synthetic.Cache(synthetic.Size{Nodes: 6, Volumes: 1, Pods: 1}), options{})
	user, sameZone := synthetic.NodeName(0), synthetic.NodeName(3)
	candidates := map[string]*extenderv1.MetaVictims{
		user:     {Pods: []*extenderv1.MetaPod{{UID: "pod-db-0"}}},
		sameZone: {Pods: []*extenderv1.MetaPod{{UID: "uid-bystander"}}},
	}
	var got extenderv1.ExtenderPreemptionResult
	post(t, server.URL+"/preempt", extenderv1.ExtenderPreemptionArgs{
		Pod: synthetic.PodWithClaims("urgent", "", synthetic.ClaimName(0)), NodeNameToMetaVictims: candidates,
	}, &got)
	want := map[string]*extenderv1.MetaVictims{user: candidates[user]}
	if diff := cmp.Diff(want, got.NodeNameToMetaVictims); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
}
