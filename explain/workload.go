// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

// OwnerOf is what a pod is a replica of; its name is empty where it is of none. The ReplicaSet of a Deployment stands for the Deployment.
func OwnerOf(pod *corev1.Pod) Object {
	ref := metav1.GetControllerOf(pod)
	if ref == nil {
		return Object{}
	}
	out := Object{Kind: ref.Kind, Namespace: pod.Namespace, Name: ref.Name}
	if hash := pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]; ref.Kind == "ReplicaSet" && hash != "" {
		if name, ok := strings.CutSuffix(ref.Name, "-"+hash); ok {
			out.Kind, out.Name = "Deployment", name
		}
	}
	return out
}

// Owns reports whether a pod is a replica of a workload.
func Owns(workload Object, pod *corev1.Pod) bool {
	if OwnerOf(pod) == workload {
		return true
	}
	ref := metav1.GetControllerOf(pod)
	return ref != nil && workload == Object{Kind: ref.Kind, Namespace: pod.Namespace, Name: ref.Name}
}

// RetainedClaim is a claim of a StatefulSet's template that no replica has: of an ordinal beyond them.
type RetainedClaim struct {
	Claim *topology.Claim
	// Where is where its volume can be used; nil where it has none.
	Where *Place
	// Users are the pods that use it all the same.
	Users []User
}

// Ordinals are those that a StatefulSet's replicas have: from the first on, so many.
type Ordinals struct{ First, Count int }

// Retained are the claims that a StatefulSet leaves behind when it gets smaller: those of its templates for other ordinals than these, by
// template and ordinal.
func Retained(s *topology.Snapshot, set Object, templates []string, ordinals Ordinals) []RetainedClaim {
	type numbered struct {
		RetainedClaim
		template string
		ordinal  int
	}
	var found []numbered
	z := zonesOf(s)
	for _, key := range s.Keys(topology.KindClaim) {
		if key.Namespace != set.Namespace {
			continue
		}
		for _, template := range templates {
			rest, ok := strings.CutPrefix(key.Name, template+"-"+set.Name+"-")
			if !ok {
				continue
			}
			n, err := strconv.Atoi(rest)
			if err != nil || n < 0 || strconv.Itoa(n) != rest || n >= ordinals.First && n < ordinals.First+ordinals.Count {
				continue
			}
			r := RetainedClaim{Claim: s.Claim(key.Namespace, key.Name), Users: usersOf(s, key)}
			if v := s.Volume(r.Claim.VolumeName); v != nil {
				where := z.place(s.Reach(v))
				r.Where = &where
			}
			found = append(found, numbered{r, template, n})
		}
	}
	slices.SortFunc(found, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(a.template, b.template), cmp.Compare(a.ordinal, b.ordinal))
	})
	out := make([]RetainedClaim, len(found))
	for i := range found {
		out[i] = found[i].RetainedClaim
	}
	return out
}

// TemplatesOf are the names of a StatefulSet's claim templates, as its pods show them: a claim of the template 'data' is called data-NAME-0.
func TemplatesOf(pods []*corev1.Pod) []string {
	var out []string
	for _, pod := range pods {
		for i := range pod.Spec.Volumes {
			c := pod.Spec.Volumes[i].PersistentVolumeClaim
			if c == nil {
				continue
			}
			if template, ok := strings.CutSuffix(c.ClaimName, "-"+pod.Name); ok && template != "" && !slices.Contains(out, template) {
				out = append(out, template)
			}
		}
	}
	slices.Sort(out)
	return out
}

// OrdinalsOf are the ordinals that a StatefulSet's pods show: from the lowest to the highest.
func OrdinalsOf(set Object, pods []*corev1.Pod) Ordinals {
	out, last := Ordinals{}, -1
	for _, pod := range pods {
		n, err := strconv.Atoi(strings.TrimPrefix(pod.Name, set.Name+"-"))
		if err != nil || n < 0 {
			continue
		}
		if last < 0 || n < out.First {
			out.First = n
		}
		last = max(last, n)
	}
	if last >= 0 {
		out.Count = last - out.First + 1
	}
	return out
}
