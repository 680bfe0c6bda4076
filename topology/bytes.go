// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
)

// Sizes come from every user who may write a claim, up to the last of an int64 and beyond. None of them may wrap: a sum that does turns
// a verdict round.

// Bytes is the quantity in whole bytes, rounded up: at least 0, and the largest int64 for all that is more.
func Bytes(q resource.Quantity) int64 {
	switch {
	case q.Sign() <= 0:
		return 0
	case q.CmpInt64(math.MaxInt64) >= 0:
		return math.MaxInt64
	default:
		return q.Value()
	}
}

// AddBytes is a + b, or the nearest int64 where that is none.
func AddBytes(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// SubBytes is a - b, or the nearest int64 where that is none.
func SubBytes(a, b int64) int64 {
	if b == math.MinInt64 {
		return AddBytes(AddBytes(a, math.MaxInt64), 1)
	}
	return AddBytes(a, -b)
}
