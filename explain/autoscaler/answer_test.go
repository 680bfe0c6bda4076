// SPDX-License-Identifier: Apache-2.0

package autoscaler_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain/autoscaler"
	"github.com/moorage-k8s/moorage/explain/event"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

func said(by, reason, message string, ago time.Duration) event.Event {
	return event.Event{Object: event.Object{Kind: "Pod", Namespace: "prod", Name: "db"}, By: by, Reason: reason, Message: message, Last: noon.Add(-ago)}
}

// The first reason that holds counts, and what is not known never stands for one.
func TestWhy(t *testing.T) {
	waiting := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "db"},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}}},
	}
	ofDaemonSet := waiting.DeepCopy()
	yes := true
	ofDaemonSet.OwnerReferences = []metav1.OwnerReference{{Kind: "DaemonSet", Name: "d", Controller: &yes}}
	free := map[autoscaler.Name]autoscaler.Free{
		autoscaler.Karpenter: {Nodes: 1, First: []string{"n1"}, Predicates: []string{"PoolCapacity"}},
	}
	status := autoscaler.StatusOf("{autoscalerStatus: Running, nodeGroups: [{name: a, health: {cloudProviderTarget: 3, maxSize: 3}}, " +
		"{name: b, health: {cloudProviderTarget: 1, maxSize: 3}, scaleUp: {status: Backoff, backoffInfo: {errorCode: QUOTA, errorMessage: no more}}}]}")
	if status == nil {
		t.Fatal("the status is not read")
	}
	able := *status
	able.Groups = slices.Clone(able.Groups[:1])
	able.Groups[0].Health.Most = 9
	nominated := said("karpenter", "Nominated", "Pod should schedule on: nodeclaim/default-x7, node/n7", time.Minute)
	for _, test := range []struct {
		name string
		q    autoscaler.Question
		want autoscaler.Why
		seen []autoscaler.Name
	}{
		{"nothing is known", autoscaler.Question{Pod: waiting}, autoscaler.Absent, nil},
		{"a pod of a DaemonSet", autoscaler.Question{Pod: ofDaemonSet}, autoscaler.OfDaemonSet, nil},
		{"not marked", autoscaler.Question{Pod: &corev1.Pod{}, Created: true}, autoscaler.NotMarked, nil},
		{"a pod of a file has no mark yet", autoscaler.Question{Pod: &corev1.Pod{}}, autoscaler.Absent, nil},
		{
			"what one that is not there cannot see",
			autoscaler.Question{Pod: waiting, Cluster: autoscaler.Cluster{Status: &able}, Found: autoscaler.Found{Free: free}},
			autoscaler.Unknown,
			[]autoscaler.Name{autoscaler.ClusterAutoscaler},
		},
		{"what one that may be there cannot see", autoscaler.Question{Pod: waiting, Found: autoscaler.Found{Free: free}}, autoscaler.TakenToFit, nil},
		{
			"a node that is not ready",
			autoscaler.Question{Pod: waiting, Events: []event.Event{nominated}, Cluster: autoscaler.Cluster{
				Claims: map[string]autoscaler.NodeClaim{"default-x7": {Waits: "Registered"}},
			}, Found: autoscaler.Found{Free: free}},
			autoscaler.Coming,
			[]autoscaler.Name{autoscaler.Karpenter},
		},
		{
			"a node that is ready is not on its way",
			autoscaler.Question{Pod: waiting, Events: []event.Event{nominated}, Cluster: autoscaler.Cluster{
				Claims: map[string]autoscaler.NodeClaim{"default-x7": {Node: "n7", Ready: true}},
			}, Found: autoscaler.Found{Free: free}},
			autoscaler.TakenToFit,
			[]autoscaler.Name{autoscaler.Karpenter},
		},
		{
			"groups that are full or left alone",
			autoscaler.Question{Pod: waiting, Cluster: autoscaler.Cluster{Status: status}},
			autoscaler.BackingOff,
			[]autoscaler.Name{autoscaler.ClusterAutoscaler},
		},
		{
			"its own words",
			autoscaler.Question{Pod: waiting, Events: []event.Event{said("cluster-autoscaler", "NotTriggerScaleUp", "pod didn't trigger scale-up: 1 x", time.Minute)}},
			autoscaler.Said,
			[]autoscaler.Name{autoscaler.ClusterAutoscaler},
		},
		{
			"kube-scheduler's words are no autoscaler's",
			autoscaler.Question{Pod: waiting, Events: []event.Event{said("default-scheduler", "FailedScheduling", "0/1", time.Minute)}},
			autoscaler.Absent, nil,
		},
		{"a pod that fits", autoscaler.Question{Pod: waiting, Found: autoscaler.Found{Fits: true}}, autoscaler.NotNeeded, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.q.Now = noon
			a := autoscaler.Of(test.q)
			if a.Why != test.want {
				t.Errorf("why: %s, want %s", a.Why, test.want)
			}
			if diff := cmp.Diff(test.seen, a.Seen); diff != "" {
				t.Errorf("seen (-want +got):\n%s", diff)
			}
		})
	}
}

// The names in Karpenter's words are found, whatever else is there.
func TestNominated(t *testing.T) {
	a := autoscaler.Of(autoscaler.Question{Pod: &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "db"}}, Events: []event.Event{
		said("karpenter", "Nominated", "Pod should schedule on: nodeclaim/default-x7, node/n7", time.Minute),
		said("karpenter", "Nominated", "Pod should schedule on: node/old", time.Hour),
		said("somebody", "Nominated", "Pod should schedule on: node/other", 0),
	}})
	if len(a.Words) != 1 || a.Words[0].NodeClaim != "default-x7" || a.Words[0].Node != "n7" {
		t.Errorf("got %+v", a.Words)
	}
}

// A status in another form, or none, is no status.
func TestStatusOf(t *testing.T) {
	for _, text := range []string{"", "Cluster-autoscaler status at 2023-11-24:\nCluster-wide:\n  Health: Healthy", "[]", "{", "a: &a [*a]"} {
		if s := autoscaler.StatusOf(text); s != nil {
			t.Errorf("%q: got %+v", text, s)
		}
	}
}
