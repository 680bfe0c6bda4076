// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

var apiRefusedRule = Rule{
	ID: "api-refused",
	Summary: "The API server's own validation rejects the object for what it says of volumes: a required field is missing, a value does not exist, " +
		"a name is not a DNS label, a name or path occurs twice, a volume has two sources, a size or mode is out of range, a field that the " +
		"downward API does not have, '..' in a path, a mount without its volume.",
	Kinds:       append([]Kind{PersistentVolume, StorageClass, VolumeAttributesClass}, claimKinds...),
	Action:      Deny,
	Symptom:     "the API server rejects the object",
	Remediation: "correct the field",
	ExplainsAPI: true,
	Check:       apiRefused,
}

// apiRefused fires on what the API server's own validation refuses, for the mistakes that people make with volumes
// (pkg/apis/core/validation, pkg/apis/apps/validation and pkg/apis/storage/validation of Kubernetes). It is stricter nowhere: a test in e2e
// holds it against that code. What the API server fills in may be missing here, since files have none of its defaults.
func apiRefused(in *Input) []Finding {
	r := &refusals{}
	if o, err := meta.Accessor(in.Object); err == nil {
		r.subdomain(o.GetName(), spotOf(nil).Child("metadata", "name"), about("the name"))
	}
	switch o := in.Object.(type) {
	case *corev1.PersistentVolume:
		r.persistentVolume(o)
		return r.found
	case *storagev1.StorageClass:
		r.class(o)
		return r.found
	case *storagev1.VolumeAttributesClass:
		r.attributesClass(o)
		return r.found
	case *appsv1.StatefulSet:
		r.retention(o)
	}
	r.claims(in.Object)
	spec, at := podSpecOf(in.Object)
	if spec == nil {
		return r.found
	}
	names := map[string]bool{}
	for i := range spec.Volumes {
		v, where := &spec.Volumes[i], spotOf(at).Child("volumes").Index(i)
		r.volume(v, where)
		if v.Name != "" && named(spec.Volumes[:i], v.Name, names) {
			r.tell(where.Child("name"), fmt.Sprintf("there are two volumes %q", v.Name), fmt.Sprintf("Duplicate value: %q", v.Name), "give each volume a name of its own")
		}
	}
	r.mounts(in.Object)
	return r.found
}

// named reports whether one of the volumes before has the name. Of many, names remembers them.
func named(before []corev1.Volume, name string, names map[string]bool) bool {
	const few = 16
	if len(before) <= few {
		return slices.ContainsFunc(before, func(v corev1.Volume) bool { return v.Name == name })
	}
	if len(names) == 0 {
		for i := range before {
			names[before[i].Name] = true
		}
	}
	names[before[len(before)-1].Name] = true
	return names[name]
}

type refusals struct {
	found []Finding
	// suggested counts the missing volumes.
	suggested int
}

// tell adds a finding with the API server's own words as its symptom.
func (r *refusals) tell(place spot, message, symptom, remediation string) {
	at := place.path()
	r.found = append(r.found, Finding{
		Path: at, Message: message, Symptom: fmt.Sprintf("%s: %s", at, symptom), Remediation: remediation, RefusedByAPI: true,
	})
}

var accessModes = []string{
	string(corev1.ReadWriteOnce), string(corev1.ReadOnlyMany), string(corev1.ReadWriteMany), string(corev1.ReadWriteOncePod),
}

func (r *refusals) required(at spot, message subject, remediation string) {
	r.tell(at, message.String(), "Required value", remediation)
}

// enum refuses a value that is not one of those that there are.
func (r *refusals) enum(value string, known []string, at spot, what subject) {
	if !slices.Contains(known, value) {
		r.tell(at, fmt.Sprintf("%s %q does not exist; %s", what, value, suggest.Sentence(value, known)),
			fmt.Sprintf("Unsupported value: %q", value), "write one of "+strings.Join(known, ", "))
	}
}

// subdomain refuses what is not the name of an object; label what is not that of a volume. An empty name is somebody else's to refuse.
func (r *refusals) subdomain(name string, at spot, what subject) {
	if name != "" {
		r.name(name, validation.IsDNS1123Subdomain(name), at, what)
	}
}

func (r *refusals) label(name string, at spot, what subject) {
	if name != "" {
		r.name(name, validation.IsDNS1123Label(name), at, what)
	}
}

func (r *refusals) name(name string, faults []string, at spot, what subject) {
	if len(faults) > 0 {
		r.tell(at, fmt.Sprintf("%s %q is not a name that Kubernetes takes", what, name), fmt.Sprintf("Invalid value: %q: %s", name, faults[0]),
			"use lower case letters, digits and '-', with a letter or digit at both ends")
	}
}

// subscript splits metadata.labels['key'] (pkg/fieldpath of Kubernetes).
func subscript(path string) (base, key string, ok bool) {
	inner, ok := strings.CutSuffix(path, "']")
	if !ok {
		return path, "", false
	}
	return strings.Cut(inner, "['")
}

func qualified(base, key string) bool {
	if base == "metadata.annotations" {
		key = strings.ToLower(key)
	}
	return len(validation.IsQualifiedName(key)) == 0
}

func (r *refusals) modes(modes []corev1.PersistentVolumeAccessMode, at spot, origin string) {
	if len(modes) == 0 {
		r.tell(at, origin+"there is no access mode", "Required value: "+upstream.NoAccessMode, "write accessModes: [ReadWriteOnce], or the mode that is needed")
	}
	single, other := -1, false
	for i, mode := range modes {
		switch {
		case !slices.Contains(accessModes, string(mode)):
			r.tell(at.Index(i), fmt.Sprintf("%saccess mode %q does not exist; %s", origin, mode, suggest.Sentence(string(mode), accessModes)), "Unsupported value",
				"write one of "+strings.Join(accessModes, ", "))
		case mode == corev1.ReadWriteOncePod:
			single = i
		default:
			other = true
		}
	}
	if single >= 0 && other {
		r.tell(at.Index(single), origin+"ReadWriteOncePod is combined with other access modes", "Forbidden: "+upstream.RWOPWithOthers,
			"keep ReadWriteOncePod alone, or leave it out")
	}
}

// The fields that the downward API has, in volumes and in environment variables.
var (
	volumeFields      = []string{"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"}
	environmentFields = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs", "spec.host",
	}
)

func (r *refusals) fieldRef(ref *corev1.ObjectFieldSelector, known []string, at spot, who subject, where string) {
	if ref.FieldPath == "" {
		r.required(at, who.and(": the downward API needs a fieldPath"), "write one of "+strings.Join(known, ", "))
		return
	}
	if ref.APIVersion != "" && ref.APIVersion != "v1" {
		r.tell(at, fmt.Sprintf("%s: apiVersion %q of a fieldRef is not v1", who, ref.APIVersion), "Invalid value: "+upstream.FieldPathUnknown, "leave apiVersion out")
		return
	}
	base, key, subscripted := subscript(ref.FieldPath)
	if slices.Contains(known, ref.FieldPath) || (subscripted && (base == "metadata.labels" || base == "metadata.annotations") && qualified(base, key)) {
		return
	}
	if base, _, ok := strings.Cut(ref.FieldPath, "["); ok && (base == "metadata.labels" || base == "metadata.annotations") {
		r.tell(at, fmt.Sprintf("%s: %q does not name one key of %s", who, ref.FieldPath, base),
			"Invalid value: "+upstream.FieldPathUnknown+": "+upstream.FieldLabelUnknown, fmt.Sprintf("write it with quotes, such as %s['KEY']", base))
		return
	}
	message := fmt.Sprintf("%s: the downward API has no field %q %s", who, ref.FieldPath, where)
	if after, ok := strings.CutPrefix(ref.FieldPath, "meta."); ok {
		message += "; what was meta." + after + " in early versions is metadata." + after
	} else if near := suggest.Nearest(ref.FieldPath, known); len(near) > 0 {
		message += "; " + suggest.Sentence(ref.FieldPath, near)
	}
	r.tell(at, message, "Invalid value: "+upstream.FieldPathUnknown+": "+upstream.FieldLabelUnknown, "write one of "+strings.Join(known, ", "))
}

// claimTemplates are the names of a StatefulSet's claim templates.
func claimTemplates(obj runtime.Object) map[string]bool {
	set, ok := obj.(*appsv1.StatefulSet)
	if !ok {
		return nil
	}
	names := make(map[string]bool, len(set.Spec.VolumeClaimTemplates))
	for i := range set.Spec.VolumeClaimTemplates {
		names[set.Spec.VolumeClaimTemplates[i].Name] = true
	}
	return names
}

// maxSuggested bounds for how many missing volumes of an object a name is suggested, and from how many: each is compared with each.
const maxSuggested = 64

func (r *refusals) noVolume(templates map[string]bool, spec *corev1.PodSpec, at spot, container, name, verb string) {
	message := fmt.Sprintf("container %q %s volume %q, which the pod does not have", container, verb, name)
	if r.suggested++; r.suggested <= maxSuggested && len(templates)+len(spec.Volumes) <= maxSuggested {
		known := slices.Sorted(maps.Keys(templates))
		for i := range spec.Volumes {
			known = append(known, spec.Volumes[i].Name)
		}
		if near := suggest.Nearest(name, known); len(near) > 0 {
			message += "; " + suggest.Sentence(name, near)
		}
	}
	r.tell(at, message, fmt.Sprintf("Not found: %q", name), fmt.Sprintf("add a volume named %q, or name one that the pod has", name))
}

func hasBackstep(p string) bool {
	return strings.Contains(p, "..") && slices.Contains(strings.Split(p, "/"), "..")
}

func (r *refusals) backsteps(p string, at spot, what subject) {
	if hasBackstep(p) {
		r.tell(at, fmt.Sprintf("%s %q contains '..'", what, p), "Invalid value: "+upstream.Backstep, "write the path without '..'")
	}
}

func (r *refusals) descending(p string, at spot, what subject) {
	if path.IsAbs(p) {
		r.tell(at, fmt.Sprintf("%s %q is absolute", what, p), "Invalid value: "+upstream.AbsolutePath, "write the path without the leading slash")
		return
	}
	r.backsteps(p, at, what)
}
