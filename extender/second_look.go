// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"sync"
	"time"

	"github.com/moorage-k8s/moorage/topology/placement"
)

// DefaultSecondLook is how long a pod that fits nowhere is looked at again before kube-scheduler is told so: many times what
// two watches of one API server are apart.
const DefaultSecondLook = 50 * time.Millisecond

const (
	// secondLookEvery is how often is looked whether the cluster has changed.
	secondLookEvery = time.Millisecond
	// secondLookShare bounds the time that second looks take to one part in as many of all time, since kube-scheduler waits
	// meanwhile; with many pods that fit nowhere it would do little else. Unused time is saved up for secondLookSaved looks.
	secondLookShare = 10
	secondLookSaved = 20
)

// lookAgain judges a pod that fits nowhere again whenever the cluster changes within a short time, until it fits.
//
// A refused pod is woken by the event of an object, and kube-scheduler asks within a millisecond: it may have heard of the
// event before our own watch has. A refusal then would be the last word on the pod until something else happens, up to five
// minutes later (kube-scheduler's podMaxInUnschedulablePodsDuration). Where some node is left, an old view costs
// at most a better node.
func (e *Extender) lookAgain(ctx context.Context, r *request, refused judgement) judgement {
	patience := e.options.SecondLook
	if patience <= 0 || len(r.nodes) == 0 {
		return refused
	}
	start := time.Now()
	granted, giveBack := time.Duration(0), func() {}
	if e.looks.allowed(start, patience) {
		granted, giveBack = e.waiting.grant(r, patience, patience)
	}
	if granted == 0 {
		e.metrics.looks.WithLabelValues("skipped").Inc()
		e.metrics.skipped.WithLabelValues("second-look").Inc()
		return refused
	}
	defer giveBack()
	defer func() { e.looks.spend(time.Since(start)) }()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(secondLookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s := e.options.Snapshot()
			if s == refused.snapshot {
				continue
			}
			j, depends := e.judgeBeside(r, s, placement.NewDemand(s, r.pod))
			if depends {
				continue
			}
			if refused = j; !refused.nowhere() {
				e.metrics.looks.WithLabelValues("fits").Inc()
				return refused
			}
		case <-deadline.C:
			e.metrics.looks.WithLabelValues("refused").Inc()
			return refused
		case <-ctx.Done():
			e.metrics.looks.WithLabelValues("given-up").Inc()
			return refused
		}
	}
}

// looks is the time that second looks may still take.
type looks struct {
	mu    sync.Mutex // guards the fields below
	left  time.Duration
	since time.Time // when left was reckoned; zero before the first look
}

// allowed tells whether there is time for a whole look.
func (l *looks) allowed(now time.Time, patience time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	most := secondLookSaved * patience
	if l.since.IsZero() {
		l.left = most
	} else {
		l.left = min(most, l.left+now.Sub(l.since)/secondLookShare)
	}
	l.since = now
	return l.left >= patience
}

func (l *looks) spend(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left -= took
}
