// SPDX-License-Identifier: Apache-2.0

package main

import (
	"maps"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/explain"
	"github.com/moorage-k8s/moorage/explain/start"
	"github.com/moorage-k8s/moorage/internal/parallel"
	"github.com/moorage-k8s/moorage/internal/plain"
	"github.com/moorage-k8s/moorage/nodefit"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/live"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

// wholeObjects are the objects that a command keeps in full, for the filters that are not about volumes. serve never does.
type wholeObjects struct {
	pods       map[topology.Key]*corev1.Pod
	nodes      map[topology.Key]*corev1.Node
	namespaces map[topology.Key]*corev1.Namespace
	// events are those of files: of a cluster they are asked for object by object.
	events map[topology.Key]*corev1.Event
	// claims are those of which explain tells more than the cache keeps.
	claims map[topology.Key]*corev1.PersistentVolumeClaim
	// workloads are what counts of those that files hold.
	workloads map[topology.Kind]map[topology.Key]*workload
	data      namedData
	groups    podGroups
	// members are how many pods each group has; made when it is first asked for, once all is read.
	members func() map[topology.Key]int
	budgets map[topology.Key]*policyv1.PodDisruptionBudget
	// budgetsUnread is why the cluster's budgets are not known; empty where they are.
	budgetsUnread string
	// attachments are those of which there is more to say than that they are attached.
	attachments map[topology.Key]*storagev1.VolumeAttachment
	// autoscalerStatus is cluster-autoscaler's, where files hold it.
	autoscalerStatus string
	// schedulers are those that are seen to look at pods; made when it is first asked for, once all is read.
	schedulers func() map[string]bool
	// changed is when last something changed that is seen of nodes and of pods on them, likewise.
	changed, latest func() time.Time
}

func newWholeObjects() *wholeObjects {
	w := &wholeObjects{
		pods:        map[topology.Key]*corev1.Pod{},
		nodes:       map[topology.Key]*corev1.Node{},
		namespaces:  map[topology.Key]*corev1.Namespace{},
		events:      map[topology.Key]*corev1.Event{},
		claims:      map[topology.Key]*corev1.PersistentVolumeClaim{},
		groups:      podGroups{},
		workloads:   map[topology.Kind]map[topology.Key]*workload{},
		budgets:     map[topology.Key]*policyv1.PodDisruptionBudget{},
		attachments: map[topology.Key]*storagev1.VolumeAttachment{},
	}
	w.members = sync.OnceValue(w.countMembers)
	w.schedulers = sync.OnceValue(func() map[string]bool { return explain.SchedulersSeen(maps.Values(w.pods)) })
	w.changed, w.latest = sync.OnceValue(w.lastChange), sync.OnceValue(w.newest)
	return w
}

func (w *wholeObjects) addClaim(c *corev1.PersistentVolumeClaim) {
	if explain.InFull(c) {
		w.claims[topology.Key{Namespace: c.Namespace, Name: c.Name}] = c
	}
}

// add takes what a cluster listed. Without the right to list namespaces there are none.
func (w *wholeObjects) add(listing *live.Listing) {
	each := func(kind topology.Kind, take func(topology.Key, metav1.Object)) {
		for _, o := range listing.Objects[kind] {
			take(topology.Key{Namespace: o.GetNamespace(), Name: o.GetName()}, o)
		}
	}
	each(topology.KindPod, func(key topology.Key, o metav1.Object) { w.pods[key] = o.(*corev1.Pod) })
	each(topology.KindClaim, func(_ topology.Key, o metav1.Object) { w.addClaim(o.(*corev1.PersistentVolumeClaim)) })
	each(topology.KindNode, func(key topology.Key, o metav1.Object) { w.nodes[key] = o.(*corev1.Node) })
	each(topology.KindBudget, func(key topology.Key, o metav1.Object) { w.budgets[key] = o.(*policyv1.PodDisruptionBudget) })
	if err := listing.Left[topology.KindBudget]; err != nil {
		w.budgetsUnread = plain.Line(err.Error())
	}
	each(topology.KindAttachment, func(key topology.Key, o metav1.Object) {
		if manifests.Troubled(o) {
			w.attachments[key] = o.(*storagev1.VolumeAttachment)
		}
	})
	each(topology.KindNamespace, func(key topology.Key, o metav1.Object) { w.namespaces[key] = o.(*corev1.Namespace) })
}

// objects finds whole objects for those who explain.
func (w *wholeObjects) objects() start.Objects {
	byVolume := sync.OnceValue(func() map[string][]*storagev1.VolumeAttachment {
		out := map[string][]*storagev1.VolumeAttachment{}
		for _, a := range w.attachments {
			if volume := a.Spec.Source.PersistentVolumeName; volume != nil {
				out[*volume] = append(out[*volume], a)
			}
		}
		return out
	})
	return start.Objects{
		Pod:         func(key topology.Key) *corev1.Pod { return w.pods[key] },
		Node:        func(name string) *corev1.Node { return w.nodes[topology.Key{Name: name}] },
		Data:        w.data.of,
		Attachments: func(volume string) []*storagev1.VolumeAttachment { return byVolume()[volume] },
	}
}

// ofCluster makes the filters' view of objects that an API server has.
func (w *wholeObjects) ofCluster() func() (*nodefit.Cluster, string) {
	return sync.OnceValues(func() (*nodefit.Cluster, string) { return w.cluster(false), "" })
}

// ofFiles makes the filters' view of objects that were read from files. Captures of older versions leave out what the filters look at.
func (w *wholeObjects) ofFiles(result *manifests.Result) func() (*nodefit.Cluster, string) {
	return sync.OnceValues(func() (*nodefit.Cluster, string) {
		if result.StorageOnly {
			return nil, "the capture is of an older moorage, and does not hold it; make a new one"
		}
		return w.cluster(true), ""
	})
}

// podsAtATime are read by a core together.
const podsAtATime = 256

func (w *wholeObjects) cluster(partial bool) *nodefit.Cluster {
	o := nodefit.Objects{Partial: partial}
	for _, n := range w.nodes {
		o.Nodes = append(o.Nodes, nodefit.Trim(n))
	}
	pods := slices.Collect(maps.Values(w.pods))
	meant := make([]*nodefit.Pod, len(pods))
	parallel.Each(len(pods), podsAtATime, func(i int) { meant[i] = nodefit.PodFromAPI(pods[i]) })
	o.Pods = slices.DeleteFunc(meant, func(p *nodefit.Pod) bool { return p == nil })
	for key, n := range w.namespaces {
		if o.Namespaces == nil {
			o.Namespaces = map[string]map[string]string{}
		}
		o.Namespaces[key.Name] = n.Labels
	}
	return nodefit.New(o, nodefit.Config{})
}
