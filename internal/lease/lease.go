// SPDX-License-Identifier: Apache-2.0

// Package lease reports whether somebody holds a Lease and keeps renewing it, as kube-scheduler's leader does: whether pods that
// are sent to that scheduler will be looked at. It reads one Lease by its name and nothing else.
package lease

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// interval is how often the Lease is looked at. A leader renews it every two seconds and may hold it for fifteen.
	interval = 2 * time.Second
	// defaultDuration is for a Lease that does not say how long it may be held.
	defaultDuration = 15 * time.Second
)

// Watch looks at a Lease. Its methods are safe for concurrent use.
type Watch struct {
	name   string
	read   func(context.Context) (*coordinationv1.Lease, error)
	now    func() time.Time
	logger logr.Logger

	mu sync.Mutex
	// renewed is the renewal that was seen last, and until when the holder counts as alive for it, by our own clock.
	renewed, until time.Time
	was            bool
}

// New makes a Watch of namespace/name, which has seen nothing yet.
func New(client kubernetes.Interface, namespace, name string, logger logr.Logger) *Watch {
	return &Watch{
		name: namespace + "/" + name,
		read: func(ctx context.Context) (*coordinationv1.Lease, error) {
			return client.CoordinationV1().Leases(namespace).Get(ctx, name, metav1.GetOptions{})
		},
		now: time.Now, logger: logger,
	}
}

// Run looks at the Lease until the context ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		w.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Fresh reports whether the Lease has a holder that renewed it not long ago.
func (w *Watch) Fresh() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now().Before(w.until)
}

// look reads the Lease once. A renewal that happens while we look counts from when it was seen, as the holder's clock may be another
// than ours; the one that is there at first counts only by its own time, as it may be old. What cannot be read counts for nothing: the last
// renewal that was seen runs out.
func (w *Watch) look(ctx context.Context) {
	lease, err := w.read(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	reason := "nobody renews it"
	switch {
	case err != nil:
		reason = err.Error()
	case lease.Spec.HolderIdentity == nil || *lease.Spec.HolderIdentity == "" || lease.Spec.RenewTime == nil:
		reason = "nobody holds it"
		w.until = now
	case !lease.Spec.RenewTime.Equal(&metav1.MicroTime{Time: w.renewed}):
		duration := defaultDuration
		if s := lease.Spec.LeaseDurationSeconds; s != nil {
			duration = time.Duration(*s) * time.Second
		}
		from := now
		if w.renewed.IsZero() {
			from = lease.Spec.RenewTime.Time
		}
		w.renewed, w.until = lease.Spec.RenewTime.Time, from.Add(duration)
	}
	if fresh := now.Before(w.until); fresh != w.was {
		w.was = fresh
		if fresh {
			w.logger.Info("The scheduler's lease is fresh: pods may be sent to it", "lease", w.name)
		} else {
			w.logger.Error(fmt.Errorf("lease %s: %s", w.name, reason), "No pods are sent to the scheduler")
		}
	}
}
