// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/webhook/suggest"
)

// IgnoreAnnotation exempts the object that carries it: "rule-id[,rule-id]: reason".
const IgnoreAnnotation = "moorage.dev/ignore"

// ignore is an IgnoreAnnotation that could be read.
type ignore struct {
	rules  []string
	reason string
}

// parseIgnore reads the annotation's value. What is wrong with any part of it is wrong with the whole.
func parseIgnore(value string, known []string) (ignore, error) {
	list, reason, found := strings.Cut(value, ":")
	reason = strings.TrimSpace(reason)
	if !found || reason == "" {
		return ignore{}, errors.New("it gives no reason")
	}
	out := ignore{reason: reason}
	for id := range strings.SplitSeq(list, ",") {
		id = strings.TrimSpace(id)
		if id == "" {
			return ignore{}, errors.New("it names no rule")
		}
		if !slices.Contains(known, id) {
			return ignore{}, fmt.Errorf("there is no rule %q; %s", id, suggest.Sentence(id, known))
		}
		out.rules = append(out.rules, id)
	}
	return out, nil
}

// carrier is an object, or a template that becomes an object of its own: the annotation in its metadata counts for what is
// found in it. What a controller makes from a template has the template's annotations, not the workload's, so that an
// exemption of the workload alone would let it in and then have its pods denied.
type carrier struct {
	// path is nil for the object itself, else the template's.
	path        *field.Path
	annotations map[string]string
}

// carriersOf returns the object first, then its templates, each before those within it.
func carriersOf(object runtime.Object) []carrier {
	o, err := meta.Accessor(object)
	if err != nil {
		return nil
	}
	all := []carrier{{nil, o.GetAnnotations()}}
	if template, path := podTemplateOf(object); template != nil {
		all = append(all, carrier{path, template.Annotations})
	}
	if set, ok := object.(*appsv1.StatefulSet); ok {
		for i := range set.Spec.VolumeClaimTemplates {
			path := field.NewPath("spec", "volumeClaimTemplates").Index(i)
			all = append(all, carrier{path, set.Spec.VolumeClaimTemplates[i].Annotations})
		}
	}
	spec, path := podSpecOf(object)
	if spec == nil {
		return all
	}
	for i := range spec.Volumes {
		if e := spec.Volumes[i].Ephemeral; e != nil && e.VolumeClaimTemplate != nil {
			at := path.Child("volumes").Index(i).Child("ephemeral", "volumeClaimTemplate")
			all = append(all, carrier{at, e.VolumeClaimTemplate.Annotations})
		}
	}
	return all
}

// podTemplateOf returns a workload's pod template with its path, or nil if the object has none.
func podTemplateOf(object runtime.Object) (*corev1.PodTemplateSpec, *field.Path) {
	template := field.NewPath("spec", "template")
	switch o := object.(type) {
	case *appsv1.ReplicaSet:
		return &o.Spec.Template, template
	case *appsv1.Deployment:
		return &o.Spec.Template, template
	case *appsv1.StatefulSet:
		return &o.Spec.Template, template
	case *appsv1.DaemonSet:
		return &o.Spec.Template, template
	case *batchv1.Job:
		return &o.Spec.Template, template
	case *batchv1.CronJob:
		return &o.Spec.JobTemplate.Spec.Template, field.NewPath("spec", "jobTemplate", "spec", "template")
	case *corev1.ReplicationController:
		return o.Spec.Template, template
	case *corev1.PodTemplate:
		return &o.Template, field.NewPath("template")
	}
	return nil, nil
}

// carrierIndex finds carriers by their paths.
type carrierIndex map[string]int

func indexed(all []carrier) carrierIndex {
	index := make(carrierIndex, len(all))
	for i := 1; i < len(all); i++ {
		index[all[i].path.String()] = i
	}
	return index
}

// innermost returns the carrier that a field belongs to, as an index.
func (x carrierIndex) innermost(path *field.Path) int {
	if path == nil {
		return 0
	}
	text := path.String()
	for end := strings.LastIndexByte(text, '.'); end > 0; end = strings.LastIndexByte(text[:end], '.') {
		if at, ok := x[text[:end]]; ok {
			return at
		}
	}
	return 0
}

// annotationPath is where a carrier's annotation stands.
func (c carrier) annotationPath() *field.Path {
	if c.path == nil {
		return field.NewPath("metadata", "annotations").Key(IgnoreAnnotation)
	}
	return c.path.Child("metadata", "annotations").Key(IgnoreAnnotation)
}

func (c carrier) annotated() bool {
	_, ok := c.annotations[IgnoreAnnotation]
	return ok
}

var ignoreAnnotationRule = Rule{
	ID:          "ignore-annotation",
	Summary:     "The annotation moorage.dev/ignore gives no reason, or names a rule that does not exist or that is mandatory.",
	Kinds:       append([]Kind{PersistentVolume, StorageClass, VolumeAttributesClass, VolumeSnapshot, VolumeSnapshotClass}, claimKinds...),
	Action:      Warn,
	Symptom:     "the rules that the annotation names still apply",
	Remediation: `write moorage.dev/ignore: "rule-id[,rule-id]: reason"`,
	Check:       ignoreAnnotation,
}

// ignoreAnnotation fires on annotations that exempt from nothing, or not from all that they name.
func ignoreAnnotation(in *Input) []Finding {
	var found []Finding
	for _, c := range carriersOf(in.Object) {
		value, annotated := c.annotations[IgnoreAnnotation]
		if !annotated {
			continue
		}
		parsed, err := parseIgnore(value, in.names.known)
		if err != nil {
			found = append(found, Finding{
				Path: c.annotationPath(), Message: fmt.Sprintf("the annotation %s has no effect: %v", IgnoreAnnotation, err),
			})
			continue
		}
		for _, id := range parsed.rules {
			if in.names.mandatory[id] {
				found = append(found, Finding{
					Path:        c.annotationPath(),
					Message:     fmt.Sprintf("the annotation %s cannot exempt from %s, which is mandatory here", IgnoreAnnotation, id),
					Remediation: "take " + id + " out of the annotation, and ask the administrator of moorage",
				})
			}
		}
	}
	return found
}
