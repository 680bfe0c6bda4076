// SPDX-License-Identifier: Apache-2.0

// Package budget has the times that the extender may wait, in one place: kube-scheduler places one pod after the other, and waits for filter.
//
// What filter waits for (a claim that the cache has not seen yet, the placement of pods that it has just let through, a change that would let
// a pod fit) is bounded for each wait, for each request and as a share of all time, whatever pods come. The part of the share that is not used
// is saved up, so that a burst of pods against a nearly full pool has its waits in full; a wait beyond it is skipped, and counted.
package budget

import "time"

// The default of each wait, for a cache that follows an API server.
const (
	// ClaimWait is for a claim or volume: the scheduler's own cache is seldom further ahead.
	ClaimWait = 100 * time.Millisecond
	// PlacementWait is for the placement of pods that were let through: kube-scheduler writes the node that it has selected within some tens of
	// milliseconds.
	PlacementWait = 500 * time.Millisecond
	// SecondLook is for a change that lets a pod fit that fits nowhere: many times what two watches of one API server are apart.
	SecondLook = 50 * time.Millisecond
)

// The limits of all waits.
const (
	// Most bounds a configured ClaimWait or PlacementWait, so that both together stay within the time that the documentation gives
	// kube-scheduler to wait for an answer.
	Most = 800 * time.Millisecond
	// Request bounds what one request waits in all.
	Request = 650 * time.Millisecond
	// Share bounds all waits to one part in as many of all time, and Saved is how much of it may be saved up.
	Share = 10
	Saved = 5 * time.Second
	// SavedLooks is how many second looks may be saved up; they have a share of the same size of their own, since with many pods that fit nowhere
	// kube-scheduler would do little else.
	SavedLooks = 20
)
