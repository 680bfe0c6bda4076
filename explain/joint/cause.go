// SPDX-License-Identifier: Apache-2.0

package joint

import (
	"math/bits"
	"slices"
)

// maxCause is of how many constraints a cause is made at most: with more of them nobody is helped.
const maxCause = 4

// Cause returns the numbers of the fewest constraints that are to blame for a pod that fits nowhere: each node is rejected by one of them at
// least, and without all of them some node would take the pod. So a constraint that only adds to others is not among them unless it must be
// lifted too. Of as many, those without which most nodes would take the pod, and then those that come first. It is nil where the pod fits, and
// where it takes more constraints than a person can follow.
func (a *Answer) Cause() []int {
	if !a.Feasible.Empty() || len(a.Constraints) == 0 || len(a.Constraints) > 63 {
		return nil
	}
	masks := a.masks()
	var best uint64
	bestLands := 0
	for size := 1; size <= min(maxCause, len(a.Constraints)) && best == 0; size++ {
		eachSubset(len(a.Constraints), size, func(set uint64) {
			lands := 0
			for mask, nodes := range masks {
				if mask&set == 0 {
					return
				}
				if mask&^set == 0 {
					lands += nodes
				}
			}
			if lands > bestLands {
				best, bestLands = set, lands
			}
		})
	}
	return numbersIn(best)
}

// masks are the sets of constraints that nodes are rejected for, one bit for each, with how many nodes are.
func (a *Answer) masks() map[uint64]int {
	out := map[uint64]int{}
	for i := range a.Snapshot.NumNodes() {
		var mask uint64
		for k := range a.Constraints {
			if a.Constraints[k].Nodes.Has(i) {
				mask |= 1 << k
			}
		}
		out[mask]++
	}
	return out
}

// eachSubset calls do with each set of size numbers below n, those with low numbers first.
func eachSubset(n, size int, do func(set uint64)) {
	var pick func(from, left int, set uint64)
	pick = func(from, left int, set uint64) {
		if left == 0 {
			do(set)
			return
		}
		for k := from; k <= n-left; k++ {
			pick(k+1, left-1, set|1<<k)
		}
	}
	pick(0, size, 0)
}

func numbersIn(set uint64) []int {
	var out []int
	for ; set != 0; set &= set - 1 {
		out = append(out, bits.TrailingZeros64(set))
	}
	return out
}

// Innocent reports whether the pod's volumes have no part in the cause.
func (a *Answer) Innocent(cause []int) bool {
	return !slices.ContainsFunc(cause, func(k int) bool { return a.Constraints[k].Predicate != "" })
}
