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

// SeriesPlace is where some volumes of a series are, or are being made. Immutable.
type SeriesPlace struct {
	// Affinity is that of the volumes; nil for claims that have none yet and for which Node was selected.
	Affinity *Selector
	Node     string
	// Claims is how many claims have their volume there.
	Claims int
}

// Series ranges over the places where volumes of a series of claims (Claim.Series) are, in an order that does not depend on
// history. Volumes that every node reaches are nowhere; claims that are lost or being deleted do not count.
func (s *Snapshot) Series(namespace, series string) iter.Seq[SeriesPlace] {
	return func(yield func(SeriesPlace) bool) {
		places, _ := s.series.Get(Key{namespace, series})
		for _, place := range places.All() {
			if !yield(place) {
				return
			}
		}
	}
}

// nodePlaces sets the names of nodes apart from the keys of selectors.
const nodePlaces = "node"

// placeOf returns where the claim's volume is, with a key that the same place has; ok is false where it is nowhere.
func (s *Snapshot) placeOf(claim *Claim) (key Key, place SeriesPlace, ok bool) {
	switch {
	case claim == nil || claim.Deleting || claim.Lost:
	case claim.VolumeName != "":
		if affinity := s.Volume(claim.VolumeName).reach(); affinity != nil {
			return Key{Name: affinity.Key()}, SeriesPlace{Affinity: affinity}, true
		}
	case claim.SelectedNode != "":
		return Key{nodePlaces, claim.SelectedNode}, SeriesPlace{Node: claim.SelectedNode}, true
	}
	return Key{}, SeriesPlace{}, false
}

// samePlace reports whether both states of a claim have their volume in one place, and count in the same series: most updates of a claim change
// nothing there.
func (s *Snapshot) samePlace(a, b *Claim) bool {
	aKey, _, aOK := s.placeOf(a)
	bKey, _, bOK := s.placeOf(b)
	return aKey == bKey && aOK == bOK && (!aOK || a.Family == b.Family && a.Owned == b.Owned && a.Owner == b.Owner)
}

// reach is the volume's node affinity as the nodes' CSI drivers see it; nil where the volume is not tied to a place, or not
// known.
func (v *Volume) reach() *Selector {
	switch {
	case v == nil:
		return nil
	case v.Migration != nil && v.Migration.Err == nil:
		return v.Migration.Affinity
	default:
		return v.Affinity
	}
}

// countSeries adds (1) or takes back (-1) the claim in its series. It depends on the claim and its volume alone: a caller that
// changes one of them takes it back before and adds it after.
func (s *state) countSeries(claim *Claim, by int) {
	at, place, ok := s.placeOf(claim)
	if !ok {
		return
	}
	for _, series := range claim.Series() {
		s.countIn(Key{claim.Namespace, series}, at, place, by)
	}
}

func (s *state) countIn(key, at Key, place SeriesPlace, by int) {
	places, _ := s.series.Get(key)
	before, _ := places.Get(at)
	if place.Claims = before.Claims + by; place.Claims == 0 {
		places = places.Delete(at)
	} else {
		places = places.Set(at, place)
	}
	if places.Len() == 0 {
		s.series = s.series.Delete(key)
	} else {
		s.series = s.series.Set(key, places)
	}
}

// countSeriesOf counts the claims that name the volume.
func (s *state) countSeriesOf(volume string, by int) {
	names, _ := s.claimsOf.Get(Key{Name: volume})
	for _, name := range names {
		var key Key
		key.Namespace, key.Name, _ = strings.Cut(name, "/")
		claim, _ := s.claims.Get(key)
		s.countSeries(claim, by)
	}
}
