// SPDX-License-Identifier: Apache-2.0

package oracle

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Round is a random cluster and the pods to be judged on it.
type Round struct {
	Cluster *Cluster
	// Pods wait to be scheduled. They are not in the cluster: to place one says nothing of the others.
	Pods []*corev1.Pod
	// Loading seeds how the engine's cache comes to know the cluster.
	Loading uint64
	// Rows are the rows of the generator's table that the round holds.
	Rows map[Row]int
}

// Generate makes the round of a seed: the same seed gives the same round.
func Generate(seed, round uint64) *Round {
	g := &generator{rng: rand.New(rand.NewPCG(seed, round)), rows: map[Row]int{}}
	g.dials = dials{
		zoneLabels: g.dial(), affinity: g.dial(), inline: g.dial(), limits: g.dial(), held: g.rare(), unreadable: g.rare(),
		migrated: g.dial(), delayed: g.dial(), oncePod: g.dial(), capacity: g.dial(), modes: g.dial(), attachments: g.dial(),
		prevent: g.dial(), beta: g.dial(), foreign: g.rare(),
	}
	g.classes = classNames[:pick(g, 1, 2, len(classNames))]
	g.makeNodes()
	g.makeDrivers()
	g.makeClasses()
	g.makePools()
	g.makeVolumes()
	g.makeClaims()
	g.bindVolumes()
	g.makePods()
	g.makeAttachments()
	return &Round{Cluster: &g.cluster, Pods: g.judged, Loading: g.rng.Uint64(), Rows: g.rows}
}

// dials are how frequent features are in a round, from 0 to 1. Each round has some features often and others never, since a
// cluster with everything at once refuses most nodes for several reasons, which hides faults.
type dials struct {
	zoneLabels, affinity, inline, limits, held, unreadable, migrated, delayed, oncePod, capacity, modes, attachments,
	prevent, beta, foreign float64
}

type generator struct {
	rng     *rand.Rand
	dials   dials
	cluster Cluster
	judged  []*corev1.Pod
	rows    map[Row]int
	// classes are those that the round uses: the fewer, the more claims compete for one volume.
	classes []string
}

func (g *generator) dial() float64 { return pick(g, 0, 0, 0.1, 0.3, 0.6) }

func (g *generator) rare() float64 { return pick(g, 0, 0, 0, 0, 0.03, 0.15) }

// chance is true with the probability.
func (g *generator) chance(p float64) bool { return g.rng.Float64() < p }

// between is a number from low to high, both included.
func (g *generator) between(low, high int) int { return low + g.rng.IntN(high-low+1) }

// mark notes a row of the generator's table.
func (g *generator) mark(row Row) { g.rows[row]++ }

// marked is chance, and notes the row where it comes true.
func (g *generator) marked(p float64, row Row) bool {
	if !g.chance(p) {
		return false
	}
	g.mark(row)
	return true
}

func pick[T any](g *generator, from ...T) T { return from[g.rng.IntN(len(from))] }

// some is a random subset, in order.
func some[T any](g *generator, p float64, from ...T) []T {
	var out []T
	for _, v := range from {
		if g.chance(p) {
			out = append(out, v)
		}
	}
	return out
}

func (g *generator) uid() types.UID {
	return types.UID(fmt.Sprintf("%08x-%04x", g.rng.Uint32(), g.rng.Uint32()&0xffff))
}

// deleted is a time of deletion, any.
func deleted() *metav1.Time { return &metav1.Time{Time: metav1.Unix(1_700_000_000, 0).Time} }

// Names that objects of a round have. The spaces are small, so that objects often speak of one another.
const (
	mainNamespace  = "default"
	otherNamespace = "other"
)

var (
	zones       = []string{"us-east1-a", "us-east1-b", "us-east1-c"}
	regions     = []string{"us-east1", "us-west1"}
	diskLabels  = []string{"ssd", "hdd"}
	attributes  = []string{"gold", "silver"}
	classNames  = []string{"class-0", "class-1", "class-2", "class-3"}
	handles     = []string{"vol-0", "vol-1", "vol-2", "vol-3", "vol-4"}
	missingName = "missing"
)
