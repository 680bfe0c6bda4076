// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"iter"
	"strings"
)

// ClaimSeries is what claims that are numbered alike have in common: a StatefulSet names the claims of a template
// <template>-<statefulset>-<ordinal> (getPersistentVolumeClaimName in the StatefulSet controller), and by default gives them
// no owner, so they can be told to belong together by their names alone. It returns the name without -<ordinal> and the
// ordinal; ok is false for a name that does not end so.
func ClaimSeries(name string) (series, ordinal string, ok bool) {
	series = strings.TrimRight(name, "0123456789")
	ordinal = name[len(series):]
	series, dashed := strings.CutSuffix(series, "-")
	return series, ordinal, dashed && ordinal != "" && series != ""
}

// Series ranges over the claims of a series (ClaimSeries), in an order that depends on their names alone.
func (s *Snapshot) Series(namespace, series string) iter.Seq[*Claim] {
	return func(yield func(*Claim) bool) {
		claims, _ := s.series.Get(Key{namespace, series})
		for _, claim := range claims.All() {
			if !yield(claim) {
				return
			}
		}
	}
}

// setSeries keeps the claim in its series; nil takes it out.
func (c *Cache) setSeries(key Key, claim *Claim) {
	series, _, ok := ClaimSeries(key.Name)
	if !ok {
		return
	}
	at := Key{key.Namespace, series}
	claims, _ := c.next.series.Get(at)
	if claim == nil {
		claims = claims.Delete(key)
	} else {
		claims = claims.Set(key, claim)
	}
	if claims.Len() == 0 {
		c.next.series = c.next.series.Delete(at)
	} else {
		c.next.series = c.next.series.Set(at, claims)
	}
}
