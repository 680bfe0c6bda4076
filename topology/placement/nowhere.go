// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"slices"

	"github.com/moorage-k8s/moorage/topology"
)

// HeldBy tells for what kube-scheduler holds the pod back before it looks at nodes; the first cause where there are several, ok false where
// there is none.
func (d *Demand) HeldBy() (cause Cause, ok bool) {
	for _, u := range d.Undecided {
		held := func(v Volume) bool { return v.Name == u.Volume && v.State == Held }
		if slices.ContainsFunc(d.Volumes, held) {
			return u.Cause, true
		}
	}
	return "", false
}

// RefusesAll is the first predicate that rules out every node by itself, for one volume or for several of them together; empty where none
// does.
func (v *Verdict) RefusesAll() string {
	all := v.Feasible.Size()
	for _, p := range predicates {
		refused := topology.NewNodeSet(all)
		for i := range v.Eliminations {
			if v.Eliminations[i].Predicate == p.name {
				refused.Or(v.Eliminations[i].Nodes)
			}
		}
		if refused.Len() == all {
			return p.name
		}
	}
	return ""
}

// NowhereCauses are all that HeldBy and RefusesAll can name.
func NowhereCauses() []string {
	causes := []string{
		string(CauseClaimMissing), string(CauseClaimLost), string(CauseClaimDeleting), string(CauseClaimNotBound), string(CauseClaimNotOurs),
		string(CauseVolumeMissing), string(CauseClassMissing), string(CauseUnreadable),
	}
	for _, p := range predicates {
		causes = append(causes, p.name)
	}
	return causes
}
