// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/topology"
)

// claimUse is how a workload or pod of the files uses a claim.
type claimUse struct {
	claimUser
	// stage is when it is made.
	stage stage
	// label is the SELinux label of the containers that mount the claim, and relabels says that the pod does not have volumes mounted with it.
	label    corev1.SELinuxOptions
	relabels bool
}

// usesOf are an object's uses of claims, in its order.
func usesOf(o runtime.Object, user claimUser, visit func(claimName string, use claimUse)) {
	meta, ok := o.(metav1.Object)
	if !ok {
		return
	}
	spec, _ := podSpecOf(o)
	if spec == nil {
		return
	}
	use := claimUse{claimUser: user, stage: stageOf(meta.GetAnnotations())}
	if s := spec.SecurityContext; s != nil && s.SELinuxChangePolicy != nil {
		use.relabels = *s.SELinuxChangePolicy == corev1.SELinuxChangePolicyRecursive
	}
	eachNamedClaim(o, func(c namedClaim) {
		use.label = labelOf(o, c.volume)
		visit(c.name, use)
	})
}

// otherUses are the uses of a claim by workloads other than one, in the order of their names.
func (b *Beside) otherUses(claim topology.Key, self claimUser) []claimUse {
	if b == nil {
		return nil
	}
	uses := slices.DeleteFunc(slices.Clone(b.uses[claim]), func(u claimUse) bool { return u.claimUser == self })
	slices.SortFunc(uses, func(a, o claimUse) int { return cmp.Or(a.compare(o.claimUser), a.stage.compare(o.stage)) })
	return uses
}
