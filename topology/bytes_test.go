// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"math"
	"math/big"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"pgregory.net/rapid"
)

func TestBytesOfAnyQuantity(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "-1": 0, "-8Ei": 0, "1m": 1, "0.5": 1, "1.5Gi": 3 << 29, "100Gi": 100 << 30,
		"9223372036854775806": math.MaxInt64 - 1, "9223372036854775807": math.MaxInt64, "9223372036854775806.5": math.MaxInt64,
		"9223372036854775808": math.MaxInt64, "8Ei": math.MaxInt64, "16Ei": math.MaxInt64, "1e40": math.MaxInt64, "7Ei": 7 << 60,
	} {
		if got := Bytes(resource.MustParse(text)); got != want {
			t.Errorf("%s is %d bytes, want %d", text, got, want)
		}
	}
}

func TestSumsOfBytesSaturate(t *testing.T) {
	edges := rapid.OneOf(rapid.Int64(), rapid.SampledFrom([]int64{0, 1, -1, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := edges.Draw(t, "a"), edges.Draw(t, "b")
		nearest := func(exact *big.Int) int64 {
			switch {
			case exact.IsInt64():
				return exact.Int64()
			case exact.Sign() > 0:
				return math.MaxInt64
			default:
				return math.MinInt64
			}
		}
		if got, want := AddBytes(a, b), nearest(new(big.Int).Add(big.NewInt(a), big.NewInt(b))); got != want {
			t.Errorf("%d + %d is %d, want %d", a, b, got, want)
		}
		if got, want := SubBytes(a, b), nearest(new(big.Int).Sub(big.NewInt(a), big.NewInt(b))); got != want {
			t.Errorf("%d - %d is %d, want %d", a, b, got, want)
		}
	})
}
