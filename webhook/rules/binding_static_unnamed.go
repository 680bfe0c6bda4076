// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/moorage-k8s/moorage/topology"
)

// noVolumeFits fires on a claim that names no volume, of a class that provisions none, where volumes of the class are made by hand beside it and
// none of them fits. It says in what the one that is nearest differs. The webhook is silent: what fits may come next.
func noVolumeFits(in *Input, o *corev1.PersistentVolumeClaim) []Finding {
	c := claim{o.Annotations, &o.Spec, field.NewPath("spec"), field.NewPath("metadata"), ""}
	if in.Beside == nil || in.Lookup == nil || c.unclassed() {
		return nil
	}
	name := c.className()
	if in.Beside.written[topology.KindClass][topology.Key{Name: name}] && in.Partial {
		if _, one := in.Lookup.StorageClass(name); !one {
			return nil // The files hold it in several versions, which may provision.
		}
	}
	if class, ok := in.Lookup.StorageClass(name); ok && dynamic(class) {
		return nil
	}
	volumes := slices.SortedFunc(in.Lookup.Unclaimed(name), func(a, b *topology.Volume) int { return cmp.Compare(a.Name, b.Name) })
	if len(volumes) == 0 || len(volumes) > maxNear || c.fits(in.Lookup, name) || keptForSelf(in, name) {
		return nil
	}
	var nearest *topology.Volume
	var differ []mismatch
	for _, v := range volumes {
		if m := append(c.mismatches(in, v), c.selectorMismatch(v)...); nearest == nil || len(m) < len(differ) {
			nearest, differ = v, m
		}
	}
	if len(differ) == 0 {
		return nil
	}
	m := differ[0]
	return []Finding{{
		Path:        m.path,
		Message:     fmt.Sprintf("no available volume of class %s fits the claim: %q is %s, and the claim %s", quotedClass(name), nearest.Name, m.volume, m.claim),
		Symptom:     "the claim stays Pending, and its pod with it: the class provisions no volume",
		Remediation: "let the volume and the claim agree, or use a class that provisions",
	}}
}

// selectorMismatch is the one in which a volume differs that the claim does not name: its labels.
func (c claim) selectorMismatch(v *topology.Volume) []mismatch {
	if c.spec.Selector == nil {
		return nil
	}
	selector, err := metav1.LabelSelectorAsSelector(c.spec.Selector)
	if err != nil || selector.Matches(labels.Set(v.Labels)) {
		return nil
	}
	return []mismatch{{c.path.Child("selector"), "labelled otherwise", "selects " + selector.String(), ""}}
}
