// SPDX-License-Identifier: Apache-2.0

// Package heldback keeps which pods moorage alone keeps off every node, and since when: of these kube-scheduler's plugins passed a node, so that an autoscaler,
// which asks them and not moorage, sees nothing that a node more would help against. It is a leaf, and a Log's memory is bounded.
package heldback

import (
	"slices"
	"sync"
	"time"
)

// MostNodes is how many of the nodes that a pod was refused on are kept.
const MostNodes = 64

const (
	// most is how many pods are kept.
	most = 1024
	// after is how long a pod has to be refused before there is something to say, and again how long it takes until it is said again.
	after = 2 * time.Minute
	again = 30 * time.Minute
	// forgotten is how long after the last refusal a pod is forgotten: kube-scheduler asks again about every pod that waits within five minutes.
	forgotten = 15 * time.Minute
)

// Pod is one that is held back.
type Pod struct {
	UID, Namespace, Name string
	// Since is when it was first refused, and Last when it was refused last.
	Since, Last time.Time
	// Nodes are the nodes of the last refusal, the first of them by name, and Of how many they were.
	Nodes []string
	Of    int
	// Reasons are why, with the number of nodes, in order.
	Reasons []Reason
}

// Reason is why nodes were refused.
type Reason struct {
	Predicate, Text string
	Nodes           int
}

// Log keeps the pods that are held back. It is safe for concurrent use; a nil Log keeps nothing.
type Log struct {
	mu   sync.Mutex
	pods map[string]*held
}

type held struct {
	Pod
	told time.Time
}

// New makes a Log.
func New() *Log { return &Log{pods: map[string]*held{}} }

// Refused notes that a pod was refused on every node that kube-scheduler's plugins passed.
func (l *Log) Refused(pod Pod) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	pod.Nodes = slices.Clone(pod.Nodes[:min(len(pod.Nodes), MostNodes)])
	pod.Since = pod.Last
	if was := l.pods[pod.UID]; was != nil && pod.Last.Sub(was.Last) <= forgotten {
		pod.Since = was.Since
		was.Pod = pod
		return
	}
	if len(l.pods) >= most {
		l.dropOldest()
	}
	l.pods[pod.UID] = &held{Pod: pod}
}

func (l *Log) dropOldest() {
	oldest := ""
	for uid, h := range l.pods {
		if oldest == "" || h.Last.Before(l.pods[oldest].Last) {
			oldest = uid
		}
	}
	delete(l.pods, oldest)
}

// Forget is for a pod that is not held back any more, or not by moorage alone.
func (l *Log) Forget(uid string) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pods, uid)
}

// Due are the pods of which something is to be said: those that have been held back for two minutes, the longest first.
func (l *Log) Due(now time.Time) []Pod {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Pod
	for uid, h := range l.pods {
		switch {
		case now.Sub(h.Last) > forgotten:
			delete(l.pods, uid)
		case now.Sub(h.Since) >= after && (h.told.IsZero() || now.Sub(h.told) >= again):
			out = append(out, h.Pod)
		}
	}
	slices.SortFunc(out, func(a, b Pod) int { return a.Since.Compare(b.Since) })
	return out
}

// Told notes that it was said.
func (l *Log) Told(uid string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if h := l.pods[uid]; h != nil {
		h.told = at
	}
}
