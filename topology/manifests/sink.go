// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// object is one that was read.
type object struct {
	kind topology.Kind
	key  topology.Key
	// full is the object as it was read, nil where nobody wants it any more; trimmed is what the cache keeps of it.
	full    metav1.Object
	trimmed topology.TrimmedObject
}

// sink takes in the objects that were read.
type sink interface {
	// ready makes of an object what add takes; for several objects at a time.
	ready(o *object)
	// add takes objects in their order, one at a time, and reports whether there was one of the same kind and key.
	add(o *object) (repeated bool)
	// counts are how many objects there are, by kind.
	counts() map[topology.Kind]int
}

// keepingSink keeps objects in full.
type keepingSink Objects

func (keepingSink) ready(*object) {}

func (s keepingSink) add(o *object) (repeated bool) {
	of := s[o.kind]
	if of == nil {
		of = map[topology.Key]metav1.Object{}
		s[o.kind] = of
	}
	_, repeated = of[o.key]
	of[o.key] = o.full
	return repeated
}

func (s keepingSink) counts() map[topology.Kind]int {
	counts := map[topology.Kind]int{}
	for kind, of := range s {
		counts[kind] = len(of)
	}
	return counts
}

// trimmingSink keeps what a cache keeps, and pods, nodes, namespaces and events in full where they are asked for.
type trimmingSink struct {
	content     *topology.Content
	pods        map[topology.Key]*corev1.Pod
	nodes       map[topology.Key]*corev1.Node
	namespaces  map[topology.Key]*corev1.Namespace
	budgets     map[topology.Key]*policyv1.PodDisruptionBudget
	events      map[topology.Key]*corev1.Event
	claim       func(*corev1.PersistentVolumeClaim)
	attachments map[topology.Key]*storagev1.VolumeAttachment
	// whole keeps all in full until add, for who asks for each object.
	whole bool
}

func (s *trimmingSink) ready(o *object) {
	if o.kind == topology.KindEvent || o.kind == topology.KindBudget { // The cache has none of these.
		return
	}
	o.trimmed = s.content.Trim(o.full)
	switch {
	case s.whole:
	case o.kind == topology.KindPod && s.pods != nil:
	case o.kind == topology.KindNode && s.nodes != nil:
	case o.kind == topology.KindNamespace && s.namespaces != nil:
	case o.kind == topology.KindClaim && s.claim != nil:
	case o.kind == topology.KindAttachment && s.attachments != nil && Troubled(o.full):
	default:
		o.full = nil
	}
}

func (s *trimmingSink) add(o *object) (repeated bool) {
	switch full := o.full.(type) {
	case *policyv1.PodDisruptionBudget:
		_, repeated = s.budgets[o.key]
		if s.budgets != nil {
			s.budgets[o.key] = full
		}
		return repeated
	case *corev1.Pod:
		if s.pods != nil {
			s.pods[o.key] = full
		}
	case *corev1.Node:
		if s.nodes != nil {
			s.nodes[o.key] = full
		}
	case *corev1.Namespace:
		if s.namespaces != nil {
			s.namespaces[o.key] = full
		}
	case *storagev1.VolumeAttachment:
		if s.attachments != nil && Troubled(full) {
			s.attachments[o.key] = full
		}
	case *corev1.Event:
		if s.events == nil {
			return false
		}
		_, repeated = s.events[o.key]
		s.events[o.key] = full
		return repeated
	case *corev1.PersistentVolumeClaim:
		if s.claim != nil {
			s.claim(full)
		}
	}
	return s.content.Put(o.trimmed)
}

func (s *trimmingSink) counts() map[topology.Kind]int { return s.content.Counts() }

// Troubled reports whether there is more to say of an attachment than that it is attached.
func Troubled(o metav1.Object) bool {
	a, ok := o.(*storagev1.VolumeAttachment)
	return ok && (!a.Status.Attached || a.DeletionTimestamp != nil || a.Status.AttachError != nil || a.Status.DetachError != nil)
}
