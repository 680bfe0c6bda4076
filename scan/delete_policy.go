// SPDX-License-Identifier: Apache-2.0

package scan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/topology"
)

var deletePolicyRetainedDataKind = Kind{
	ID: "delete-policy-retained-data", Section: DataAtRisk,
	Means: "A namespace or a StatefulSet is being deleted, its claims go with it, and their volumes are of policy Delete: when a claim is gone, so is its data.",
	Known: "The metadata.deletionTimestamp of the Namespace, or of a StatefulSet whose persistentVolumeClaimRetentionPolicy.whenDeleted is Delete or that owns the claims; " +
		"the volumes' persistentVolumeReclaimPolicy.",
	Not:       "For a StatefulSet that leaves its claims alone (the default), or whose dependents are orphaned; for volumes of policy Retain.",
	Remedy:    "if the data is still wanted, set the policy of the volumes to Retain now: a deletion cannot be taken back, but the volume then stays when its claim is gone",
	LosesData: "Doing nothing loses the data.",
	Needs:     []topology.Kind{topology.KindVolume, topology.KindClaim, topology.KindNamespace},
	Find:      deletePolicyRetainedData,
}

func deletePolicyRetainedData(c *Cluster) []Finding {
	going := map[Object]metav1.Object{}
	var sets []*appsv1.StatefulSet
	for name, n := range c.Namespaces {
		if n.DeletionTimestamp != nil {
			going[Object{Kind: "Namespace", Name: name}] = n
		}
	}
	for o, w := range c.Workloads {
		if w.Set != nil && w.Set.DeletionTimestamp != nil && !slices.Contains(w.Set.Finalizers, metav1.FinalizerOrphanDependents) {
			going[o], sets = w.Set, append(sets, w.Set)
		}
	}
	if len(going) == 0 {
		return nil
	}
	claims := map[Object][]*corev1.PersistentVolumeClaim{}
	for _, key := range slices.SortedFunc(maps.Keys(c.Claims), topology.Key.Compare) {
		claim := c.Claims[key]
		v := c.Volumes[claim.Spec.VolumeName]
		if v == nil || c.ClaimOf(v) != claim || v.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
			continue
		}
		for _, set := range sets {
			if goesWith(claim, set) {
				o := Object{Kind: "StatefulSet", Namespace: set.Namespace, Name: set.Name}
				claims[o] = append(claims[o], claim)
			}
		}
		if o := (Object{Kind: "Namespace", Name: key.Namespace}); going[o] != nil {
			claims[o] = append(claims[o], claim)
		}
	}
	var found []Finding
	for _, o := range slices.SortedFunc(maps.Keys(claims), func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), compareObjects([]Object{a}, []Object{b}))
	}) {
		if o.Kind != "Namespace" && going[Object{Kind: "Namespace", Name: o.Namespace}] != nil {
			continue // It goes with its namespace.
		}
		f := Finding{Objects: []Object{o}, Since: askedToGo(going[o]), LosesData: true}
		name := o.Name
		if o.Namespace != "" {
			name = o.Namespace + "/" + o.Name
		}
		patch := []string{"kubectl", "patch", "pv"}
		for _, claim := range claims[o] {
			f.Hurts = append(f.Hurts, claimObject(keyOf(claim)))
			f.Evidence = append(f.Evidence, fmt.Sprintf("PersistentVolumeClaim %s: volume %s, persistentVolumeReclaimPolicy Delete", keyOf(claim), claim.Spec.VolumeName))
			patch = append(patch, claim.Spec.VolumeName)
		}
		f.Cause = fmt.Sprintf("%s %s is being deleted, and with it go %d claims whose volumes are deleted then (policy Delete)", o.Kind, name, len(claims[o]))
		if len(claims[o]) == 1 {
			f.Cause = fmt.Sprintf("%s %s is being deleted, and with it goes claim %s, whose volume is deleted then (policy Delete)", o.Kind, name, keyOf(claims[o][0]))
		}
		f.Evidence = append([]string{fmt.Sprintf("%s %s: metadata.deletionTimestamp %s", o.Kind, name, moment(f.Since))}, f.Evidence...)
		f.Command = typed(append(patch, "-p", `{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}`)...)
		found = append(found, f)
	}
	return found
}

// goesWith reports whether a claim is deleted with a StatefulSet: it is made for one of its pods, and the set says so, or the set owns it.
func goesWith(claim *corev1.PersistentVolumeClaim, set *appsv1.StatefulSet) bool {
	if set.Namespace != claim.Namespace {
		return false
	}
	for _, owner := range claim.OwnerReferences {
		if owner.Kind == "StatefulSet" && owner.Name == set.Name && (owner.UID == "" || set.UID == "" || owner.UID == set.UID) {
			return true
		}
	}
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	return policy != nil && policy.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType && NamedByTemplate(set, claim.Name)
}
