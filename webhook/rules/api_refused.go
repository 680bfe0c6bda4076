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
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/internal/upstream"
	"github.com/moorage-k8s/moorage/webhook/suggest"
)

var apiRefusedRule = Rule{
	ID: "api-refused",
	Summary: "The API server's own validation rejects the volumes: no access mode or one that does not exist, ReadWriteOncePod beside others, " +
		"no size, a field that the downward API does not have, '..' in a path, a mount without its volume.",
	Kinds:       append([]Kind{PersistentVolume}, claimKinds...),
	Action:      Deny,
	Symptom:     "the API server rejects the object",
	Remediation: "correct the field",
	ExplainsAPI: true,
	Check:       apiRefused,
}

// apiRefused fires on what the API server's own validation refuses, for the mistakes that people make most with volumes
// (pkg/apis/core/validation/validation.go of Kubernetes). It is stricter nowhere.
func apiRefused(in *Input) []Finding {
	r := &refusals{}
	r.claims(in.Object)
	if pv, ok := in.Object.(*corev1.PersistentVolume); ok {
		at := field.NewPath("spec")
		r.modes(pv.Spec.AccessModes, at.Child("accessModes"), "", true)
		if source := pv.Spec.HostPath; source != nil {
			r.backsteps(source.Path, at.Child("hostPath", "path"), "hostPath")
		}
	}
	spec, at := podSpecOf(in.Object)
	if spec == nil {
		return r.found
	}
	for i := range spec.Volumes {
		r.volume(&spec.Volumes[i], at.Child("volumes").Index(i))
	}
	r.mounts(in.Object)
	return r.found
}

type refusals struct {
	found []Finding
	// suggested counts the missing volumes.
	suggested int
}

// tell adds a finding with the API server's own words as its symptom.
func (r *refusals) tell(at *field.Path, message, symptom, remediation string) {
	r.found = append(r.found, Finding{
		Path: at, Message: message, Symptom: fmt.Sprintf("%s: %s", at, symptom), Remediation: remediation, RefusedByAPI: true,
	})
}

func (r *refusals) claims(obj runtime.Object) {
	// A StatefulSet's claim templates are not validated with it: the claims are refused when they are made.
	_, later := obj.(*appsv1.StatefulSet)
	eachClaim(obj, func(c claim) {
		refused := !later || !strings.HasPrefix(c.path.String(), "spec.volumeClaimTemplates")
		r.modes(c.spec.AccessModes, c.path.Child("accessModes"), c.origin, refused)
		if _, ok := c.spec.Resources.Requests[corev1.ResourceStorage]; !ok {
			r.tell(c.path.Child("resources", "requests", "storage"), c.origin+"the claim requests no size", "Required value", "write how much storage it needs")
			r.found[len(r.found)-1].RefusedByAPI = refused
		}
	})
}

var accessModes = []string{
	string(corev1.ReadWriteOnce), string(corev1.ReadOnlyMany), string(corev1.ReadWriteMany), string(corev1.ReadWriteOncePod),
}

func (r *refusals) modes(modes []corev1.PersistentVolumeAccessMode, at *field.Path, origin string, refused bool) {
	first := len(r.found)
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
	for i := first; i < len(r.found); i++ {
		r.found[i].RefusedByAPI = refused
	}
}

func (r *refusals) volume(v *corev1.Volume, at *field.Path) {
	if source := v.HostPath; source != nil {
		r.backsteps(source.Path, at.Child("hostPath", "path"), fmt.Sprintf("volume %q: hostPath", v.Name))
	}
	if source := v.DownwardAPI; source != nil {
		r.downward(source.Items, at.Child("downwardAPI", "items"), v.Name)
	}
	if source := v.Projected; source != nil {
		for i := range source.Sources {
			if d := source.Sources[i].DownwardAPI; d != nil {
				r.downward(d.Items, at.Child("projected", "sources").Index(i).Child("downwardAPI", "items"), v.Name)
			}
		}
	}
	for _, keys := range []struct {
		items []corev1.KeyToPath
		at    func() *field.Path
	}{
		{secretItems(v), func() *field.Path { return at.Child("secret", "items") }},
		{configMapItems(v), func() *field.Path { return at.Child("configMap", "items") }},
	} {
		for i := range keys.items {
			if p := keys.items[i].Path; path.IsAbs(p) || hasBackstep(p) {
				r.descending(p, keys.at().Index(i).Child("path"), fmt.Sprintf("volume %q: path", v.Name))
			}
		}
	}
}

func secretItems(v *corev1.Volume) []corev1.KeyToPath {
	if v.Secret == nil {
		return nil
	}
	return v.Secret.Items
}

func configMapItems(v *corev1.Volume) []corev1.KeyToPath {
	if v.ConfigMap == nil {
		return nil
	}
	return v.ConfigMap.Items
}

// The fields that the downward API has, in volumes and in environment variables.
var (
	volumeFields      = []string{"metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations", "metadata.uid"}
	environmentFields = []string{
		"metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
		"status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs", "spec.host",
	}
)

func (r *refusals) downward(items []corev1.DownwardAPIVolumeFile, at *field.Path, volume string) {
	for i := range items {
		if ref := items[i].FieldRef; ref != nil {
			r.fieldRef(ref, volumeFields, at.Index(i).Child("fieldRef", "fieldPath"), fmt.Sprintf("volume %q", volume), "in a volume")
		}
		if p := items[i].Path; path.IsAbs(p) || hasBackstep(p) {
			r.descending(p, at.Index(i).Child("path"), fmt.Sprintf("volume %q: path", volume))
		}
	}
}

func (r *refusals) fieldRef(ref *corev1.ObjectFieldSelector, known []string, at *field.Path, who, where string) {
	base, _, subscripted := strings.Cut(ref.FieldPath, "[")
	if subscripted && (base == "metadata.labels" || base == "metadata.annotations") || slices.Contains(known, ref.FieldPath) || ref.FieldPath == "" {
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

// mounts looks at what the containers make of the volumes. A StatefulSet's pods also have a volume for each claim template.
func (r *refusals) mounts(obj runtime.Object) {
	templates := claimTemplates(obj)
	eachMount(obj, func(m mount) {
		if m.volume == nil && !templates[m.Name] {
			r.noVolume(templates, m.spec, m.path().Child("name"), m.container.Name, m.Name, "mounts")
		}
		for _, p := range []struct{ field, path string }{{"subPath", m.SubPath}, {"subPathExpr", m.SubPathExpr}} {
			if path.IsAbs(p.path) || hasBackstep(p.path) {
				r.descending(p.path, m.path().Child(p.field), fmt.Sprintf("container %q: %s", m.container.Name, p.field))
			}
		}
	})
	var volumes volumesByName
	eachContainer(obj, func(spec *corev1.PodSpec, c container) {
		if volumes.all == nil && len(c.VolumeDevices) > 0 {
			volumes = byName(spec.Volumes)
		}
		for i := range c.VolumeDevices {
			d := &c.VolumeDevices[i]
			if volume, _ := volumes.find(d.Name); volume == nil && !templates[d.Name] {
				r.noVolume(templates, spec, c.path().Child("volumeDevices").Index(i).Child("name"), c.Name, d.Name, "uses")
			}
		}
		for i := range c.Env {
			if from := c.Env[i].ValueFrom; from != nil && from.FieldRef != nil && !slices.Contains(environmentFields, from.FieldRef.FieldPath) {
				at := c.path().Child("env").Index(i).Child("valueFrom", "fieldRef", "fieldPath")
				r.fieldRef(from.FieldRef, environmentFields, at, fmt.Sprintf("container %q, variable %q", c.Name, c.Env[i].Name), "in an environment variable")
			}
		}
	})
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

func (r *refusals) noVolume(templates map[string]bool, spec *corev1.PodSpec, at *field.Path, container, name, verb string) {
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

func (r *refusals) backsteps(p string, at *field.Path, what string) {
	if hasBackstep(p) {
		r.tell(at, fmt.Sprintf("%s %q contains '..'", what, p), "Invalid value: "+upstream.Backstep, "write the path without '..'")
	}
}

func (r *refusals) descending(p string, at *field.Path, what string) {
	if path.IsAbs(p) {
		r.tell(at, fmt.Sprintf("%s %q is absolute", what, p), "Invalid value: "+upstream.AbsolutePath, "write the path without the leading slash")
		return
	}
	r.backsteps(p, at, what)
}
