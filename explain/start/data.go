// SPDX-License-Identifier: Apache-2.0

package start

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/moorage-k8s/moorage/explain/event"
	"github.com/moorage-k8s/moorage/topology"
)

// Data tells of a Secret or ConfigMap which keys it has, never what they hold. known is false where nothing of the kind is known of the namespace,
// as of a cluster, whose Secrets are not read.
type Data func(kind event.Missing, key topology.Key) (keys []string, found, known bool)

// MissingData is a Secret or ConfigMap that a volume of the pod names, and that is not there; or one of its keys, where Key is set.
type MissingData struct {
	Kind      event.Missing
	Name, Key string
}

// missingData are the Secrets and ConfigMaps that a volume waits for.
func (q *Question) missingData(v *corev1.Volume) []MissingData {
	if q.Data == nil {
		return nil
	}
	var out []MissingData
	want := func(kind event.Missing, name string, items []corev1.KeyToPath, optional *bool) {
		keys, found, known := q.Data(kind, topology.Key{Namespace: q.Pod.Namespace, Name: name})
		switch {
		case name == "" || !known || optional != nil && *optional:
		case !found:
			out = append(out, MissingData{Kind: kind, Name: name})
		default:
			for _, item := range items {
				if !slices.Contains(keys, item.Key) {
					out = append(out, MissingData{kind, name, item.Key})
				}
			}
		}
	}
	if s := v.Secret; s != nil {
		want(event.Secret, s.SecretName, s.Items, s.Optional)
	}
	if c := v.ConfigMap; c != nil {
		want(event.ConfigMap, c.Name, c.Items, c.Optional)
	}
	if v.Projected == nil {
		return out
	}
	for i := range v.Projected.Sources {
		if s := v.Projected.Sources[i].Secret; s != nil {
			want(event.Secret, s.Name, s.Items, s.Optional)
		}
		if c := v.Projected.Sources[i].ConfigMap; c != nil {
			want(event.ConfigMap, c.Name, c.Items, c.Optional)
		}
	}
	return out
}

// withoutData are the pod's volumes that wait for Secrets or ConfigMaps.
func (q *Question) withoutData() []Fault {
	var out []Fault
	for i := range q.Pod.Spec.Volumes {
		v := &q.Pod.Spec.Volumes[i]
		if missing := q.missingData(v); len(missing) > 0 {
			out = append(out, Fault{Kind: DataMissing, Name: v.Name, Missing: missing})
		}
	}
	return out
}

// missingIn are all Secrets and ConfigMaps that a text of the kubelet says are not there; those of a projected volume are in one text.
func missingIn(message string) []MissingData {
	var out []MissingData
	for _, m := range event.AllMissing(message) {
		if told := (MissingData{Kind: m.Kind, Name: m.Name}); !slices.Contains(out, told) {
			out = append(out, told)
		}
	}
	return out
}
