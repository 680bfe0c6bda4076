// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/moorage-k8s/moorage/e2e/zones"
)

const (
	burstClass = "burst"
	// burstNodesPerZone times the zones are the node-local pools.
	burstNodesPerZone = 4
	// quietWhenFull is how long nothing may have changed once no pod fits any more.
	quietWhenFull = 4 * time.Second
)

// BurstVariant is one shape of a burst: half as many pods again as the pools have room for, all at once.
type BurstVariant struct {
	// Name is unique; Describes says what is particular, for a reader.
	Name, Describes string
	// Claims are the sizes of each pod's claims, in units that a seed chooses.
	Claims []int64
	// PerNode gives each node a pool of its own, for the same number of pods; otherwise each zone has one, for a number that a seed chooses.
	PerNode bool
	// Stale publishes capacities as rarely as a provisioner does unless told otherwise: each minute, and one a second at most.
	Stale bool
}

// BurstVariants are those that are run unless others are chosen.
var BurstVariants = []BurstVariant{
	{Name: "one-claim", Describes: "a pool for each of 3 zones, one claim for each pod", Claims: []int64{1}},
	{Name: "two-claims", Describes: "a pool for each of 3 zones, two claims on it for each pod", Claims: []int64{2, 1}},
	{Name: "node-local", Describes: "a pool for each of 12 nodes, one claim for each pod", Claims: []int64{1}, PerNode: true},
	{Name: "stale", Describes: "as one-claim, capacities published each minute, one a second", Claims: []int64{1}, Stale: true},
}

// BurstOptions say how large a burst is and how long it is watched.
type BurstOptions struct {
	// Fit is how many pods there is room for; half as many again are created.
	Fit int
	// Seeds choose sizes; each is one repetition.
	Seeds []uint64
	// Sides are those that are run for each seed, in alternating order; nil means without moorage and with it.
	Sides []Side
	// Quiet is how long nothing may have changed for a burst to have settled, and Limit how long that is waited for. Quiet has to be longer than
	// kube-scheduler's longest backoff, 10 s; where no room is left, and that is published, a burst has settled sooner. A stale variant adds the
	// minute between two publications to both.
	Quiet, Limit time.Duration
}

// BurstRun is what one burst came to on one side.
type BurstRun struct {
	Variant string
	Seed    uint64
	Side    Side
	// Fit is how many pods there was room for, Placed how many have a node.
	Fit, Placed int
	// OverCommits are the requests for volumes that the driver refused for lack of room, and Beyond the bytes that they asked for.
	OverCommits int
	Beyond      int64
	// Failed counts the events ProvisioningFailed; Withdrawn how often a claim lost the node chosen for it; Rescheduled the failed attempts
	// for pods that a node had been chosen for before.
	Failed, Withdrawn, Rescheduled int
	// Stranded are the pods without a node that have a volume, which nobody else can use.
	Stranded int
	// Unused is how many more pods the pools had room for in the end.
	Unused int
	// At is when the first, second, … pod was placed, since the first was created.
	At []time.Duration
	// Settled is false if the burst still moved when the time was up. SettledAt is when a pod or claim was given a node, lost it or was bound for
	// the last time, since the first pod was created.
	Settled   bool
	SettledAt time.Duration
}

// Last returns when the last pod was placed; 0 if none was.
func (r *BurstRun) Last() time.Duration {
	if len(r.At) == 0 {
		return 0
	}
	return r.At[len(r.At)-1]
}

// Burst runs each variant with each seed on both sides.
func (l *Lab) Burst(ctx context.Context, variants []BurstVariant, options BurstOptions) (_ *BurstReport, err error) {
	if options.Sides == nil {
		options.Sides = []Side{Without, With}
	}
	report := &BurstReport{Options: options, Variants: variants}
	nodes, err := zones.AddNodes(ctx, l.Control, zones.Options{NodesPerZone: burstNodesPerZone, Prefix: "burst"})
	if err != nil {
		return nil, err
	}
	undo := teardown{nodes.Remove}
	defer undo.run(ctx, &err)
	for _, variant := range variants {
		for i, seed := range options.Seeds {
			sides := slices.Clone(options.Sides)
			if i%2 == 1 {
				slices.Reverse(sides)
			}
			for _, which := range sides {
				run, runErr := l.burst(ctx, nodes, &variant, options, seed, which)
				if runErr != nil {
					return nil, fmt.Errorf("burst %s with seed %d, %s: %w", variant.Name, seed, which, runErr)
				}
				report.Runs = append(report.Runs, run)
				l.say("burst %s, seed %d, %s: %d of %d placed, the last after %.1f s; %d over-commits, %d failures, room for %d left",
					variant.Name, seed, which, run.Placed, run.Fit, run.Last().Seconds(), run.OverCommits, run.Failed, run.Unused)
			}
		}
	}
	return report, nil
}

// burst runs one burst on one side.
func (l *Lab) burst(
	ctx context.Context, nodes *zones.Nodes, variant *BurstVariant, options BurstOptions, seed uint64, which Side,
) (_ *BurstRun, err error) {
	var undo teardown
	defer undo.run(ctx, &err)

	plan := planBurst(nodes, variant, options.Fit, seed)
	storageOptions := zones.StorageOptions{PerNode: variant.PerNode, Pools: plan.pools}
	quiet, limit := options.Quiet, options.Limit
	if variant.Stale {
		storageOptions.CapacityPollInterval, storageOptions.LimitCapacityWrites = time.Minute, true
		quiet, limit = quiet+time.Minute, limit+10*time.Minute
	}
	storage, err := nodes.AddStorage(ctx, storageOptions)
	if err != nil {
		return nil, err
	}
	undo.add(storage.Remove)
	if _, err = storage.AddClass(ctx, burstClass, nil); err != nil {
		return nil, err
	}
	ns, err := l.namespace(ctx, &undo)
	if err != nil {
		return nil, err
	}
	s, err := l.start(ctx, which, &undo)
	if err != nil {
		return nil, err
	}
	if _, err = s.schedule(ctx, NoLimit, &undo); err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	r, err := l.watch(watching, ns)
	if err != nil {
		return nil, err
	}

	pods := plan.fit + plan.fit/2
	if err = l.createClaims(ctx, ns, burstClass, pods, plan.claims); err != nil {
		return nil, err
	}
	began := time.Now()
	if err = l.createPods(ctx, ns, pods, len(plan.claims)); err != nil {
		return nil, err
	}
	run := &BurstRun{Variant: variant.Name, Seed: seed, Side: which, Fit: plan.fit}
	err = wait.PollUntilContextTimeout(ctx, pollInterval, limit, false, func(context.Context) (bool, error) {
		full := !variant.Stale && len(r.placements()) == plan.fit
		return r.settled(quiet) || full && r.settled(quietWhenFull), nil
	})
	switch {
	case err == nil:
		run.Settled = true
	case ctx.Err() != nil || !wait.Interrupted(err):
		return nil, err
	}
	run.count(storage, r, began, plan.need())
	if which == With {
		l.sayWaits(ctx, s)
	}
	return run, nil
}

// count reads the result.
func (r *BurstRun) count(storage *zones.Storage, seen *record, began time.Time, need int64) {
	for _, at := range seen.placements() {
		r.At = append(r.At, at.Sub(began))
	}
	r.Placed, r.Stranded = len(r.At), seen.stranded()
	for _, o := range storage.Driver.OverCommits() {
		r.OverCommits++
		r.Beyond += o.Bytes
	}
	for _, pool := range storage.Driver.Pools() {
		r.Unused += int(pool.Free() / need)
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	r.Failed, r.Withdrawn, r.Rescheduled = seen.failed, seen.withdrawn, seen.failedAgain
	r.SettledAt = seen.lastChange.Sub(began)
}

// burstPlan is what a seed chooses. Sizes are in bytes.
type burstPlan struct {
	fit    int
	claims []int64
	pools  map[string]int64 // by segment
}

// need is what a pod needs of a pool.
func (p *burstPlan) need() int64 {
	var sum int64
	for _, c := range p.claims {
		sum += c
	}
	return sum
}

// planBurst chooses how large claims and pools are. Each pool has room for a number of pods and a rest that no pod can use.
func planBurst(nodes *zones.Nodes, variant *BurstVariant, fit int, seed uint64) *burstPlan {
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // repeatable, not secret
	p := &burstPlan{fit: fit, pools: make(map[string]int64)}
	unit := int64(1+random.IntN(4)) * gib
	for _, c := range variant.Claims {
		p.claims = append(p.claims, c*unit)
	}
	segments := nodes.Zones()
	if variant.PerNode {
		segments = nodes.Names()
	}
	pods := make([]int, len(segments))
	for i := range pods {
		pods[i] = max(1, fit/(2*len(segments)))
		if variant.PerNode {
			pods[i] = max(1, fit/len(segments))
		}
	}
	if variant.PerNode {
		p.fit = pods[0] * len(segments)
	} else {
		for range fit - pods[0]*len(segments) {
			pods[random.IntN(len(segments))]++
		}
	}
	for i, segment := range segments {
		p.pools[segment] = int64(pods[i])*p.need() + random.Int64N(p.need())
	}
	return p
}
