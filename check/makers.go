// SPDX-License-Identifier: Apache-2.0

package check

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// makers finds what made an object, among objects of a cluster and by what the object itself says.
type makers struct {
	byUID map[types.UID]metav1.Object
	// templates are the StatefulSets that make claims, by the claims' names without their ordinal.
	templates map[topology.Key]*appsv1.StatefulSet
}

func makersOf(objects []runtime.Object) *makers {
	m := &makers{byUID: map[types.UID]metav1.Object{}, templates: map[topology.Key]*appsv1.StatefulSet{}}
	for _, o := range objects {
		if object, ok := o.(metav1.Object); ok && object.GetUID() != "" {
			m.byUID[object.GetUID()] = object
		}
		if set, ok := o.(*appsv1.StatefulSet); ok {
			for i := range set.Spec.VolumeClaimTemplates {
				m.templates[topology.Key{Namespace: set.Namespace, Name: set.Spec.VolumeClaimTemplates[i].Name + "-" + set.Name}] = set
			}
		}
	}
	return m
}

// byTemplate says that the object comes of a template which is asked about itself: a pod of a Deployment, a claim of its ephemeral volume.
func (m *makers) byTemplate(o runtime.Object) bool {
	object := o.(metav1.Object)
	controller := metav1.GetControllerOfNoCopy(object)
	if controller == nil {
		return false
	}
	if set, ok := o.(*appsv1.ReplicaSet); ok && set.Spec.Replicas != nil && *set.Spec.Replicas == 0 {
		return true // An earlier revision.
	}
	maker := m.byUID[controller.UID]
	if maker == nil {
		return false
	}
	switch o.(type) {
	case *corev1.Pod, *corev1.PersistentVolumeClaim, *appsv1.ReplicaSet, *batchv1.Job:
		_, ok := rules.KindOfObject(maker.(runtime.Object))
		return ok
	}
	return false
}

// placed is where findings on an object are reported: on own, or on maker if there is one.
type placed struct{ own, maker Object }

func (m *makers) place(o runtime.Object) placed {
	object := o.(metav1.Object)
	kind, _ := rules.KindOfObject(o)
	p := placed{own: Object{string(kind), object.GetNamespace(), object.GetName()}}
	controller := metav1.GetControllerOfNoCopy(object)
	switch o := o.(type) {
	case *corev1.PersistentVolumeClaim:
		if series, _, numbered := topology.ClaimSeries(o.Name); controller == nil && numbered {
			if set := m.templates[topology.Key{Namespace: o.Namespace, Name: series}]; set != nil {
				p.maker = Object{string(rules.StatefulSet), set.Namespace, set.Name}
			}
			return p
		}
	case *corev1.Pod, *appsv1.ReplicaSet, *batchv1.Job:
	default:
		// What an operator makes of these is where a person looks.
		return p
	}
	if controller == nil || controller.Kind == "Node" {
		return p
	}
	p.maker = Object{controller.Kind, object.GetNamespace(), controller.Name}
	if hash := object.GetLabels()[appsv1.DefaultDeploymentUniqueLabelKey]; controller.Kind == string(rules.ReplicaSet) && hash != "" {
		if name, ok := strings.CutSuffix(controller.Name, "-"+hash); ok {
			p.maker = Object{string(rules.Deployment), object.GetNamespace(), name}
		}
	}
	return p
}

// finding tells a finding in its place.
func (p placed) finding(f rules.Finding) Finding {
	out := Finding{
		Rule: f.Rule, Action: f.Action, Object: p.own, Path: pathOf(f), Message: f.Message, Symptom: f.Symptom, Remediation: f.Remediation,
	}
	if p.maker != (Object{}) {
		out.Object, out.Within = p.maker, p.own
	}
	return out
}

// templateOf tells the claims of a StatefulSet's templates apart; empty for all else.
func templateOf(claim, maker Object) string {
	if maker.Kind != string(rules.StatefulSet) || claim.Kind != string(rules.PersistentVolumeClaim) {
		return ""
	}
	series, _, _ := topology.ClaimSeries(claim.Name)
	return series
}
