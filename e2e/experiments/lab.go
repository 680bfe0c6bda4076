// SPDX-License-Identifier: Apache-2.0

package experiments

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/moorage-k8s/moorage/e2e/controlplane"
	"github.com/moorage-k8s/moorage/e2e/moorage"
	"github.com/moorage-k8s/moorage/e2e/process"
)

// Side is whom kube-scheduler asks.
type Side string

const (
	// Without is kube-scheduler alone.
	Without Side = "without"
	// NoOp is kube-scheduler with an extender that keeps every node and prefers none: what being asked costs.
	NoOp Side = "no-op"
	// With is kube-scheduler with moorage.
	With Side = "moorage"
)

const (
	pollInterval = 100 * time.Millisecond
	// teardownTimeout bounds the deletion of what one run has made.
	teardownTimeout = 5 * time.Minute
)

// Limit is how many requests kube-scheduler's client may send to the API server in a second.
type Limit int

const (
	// OwnLimit is kube-scheduler's own: 50, and 100 in a burst, unless it is configured.
	OwnLimit Limit = 0
	// NoLimit keeps the client's limit out of the figures.
	NoLimit Limit = 5000
)

func (l Limit) String() string {
	if l == OwnLimit {
		return "50 a second"
	}
	return "none"
}

// Lab is what experiments run on, one at a time.
type Lab struct {
	// Control runs no scheduler: each run starts its own.
	Control *controlplane.ControlPlane
	// MoorageConfig is the text of a MoorageConfiguration; empty means none.
	MoorageConfig string
	// Progress receives what is going on.
	Progress io.Writer
}

func (l *Lab) say(format string, args ...any) {
	_, _ = fmt.Fprintf(l.Progress, format+"\n", args...)
}

// teardown is what has to be undone, in the order in which it was done.
type teardown []func(context.Context) error

func (t *teardown) add(f func(context.Context) error) { *t = append(*t, f) }

// run undoes everything, last first, and adds what went wrong to err. After ctx has ended it does nothing: the control plane goes as a whole then.
func (t *teardown) run(ctx context.Context, err *error) {
	if ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), teardownTimeout)
	defer cancel()
	for i := len(*t) - 1; i >= 0; i-- {
		*err = errors.Join(*err, (*t)[i](ctx))
	}
}

// side is one that has been started: the extender, which kube-scheduler is still to be configured with.
type side struct {
	lab     *Lab
	url     string           // of the extender; empty without one
	moorage *moorage.Moorage // nil unless it is the extender
}

// start runs the extender of a side. Admission stays out: the experiments are about placement.
func (l *Lab) start(ctx context.Context, which Side, undo *teardown) (*side, error) {
	s := &side{lab: l}
	switch which {
	case With:
		m, err := moorage.Start(ctx, l.Control, moorage.Options{NoWebhook: true, Config: l.MoorageConfig})
		if err != nil {
			return nil, err
		}
		undo.add(m.Stop)
		s.moorage, s.url = m, m.ExtenderURL
	case NoOp:
		extender, err := startNoOp()
		if err != nil {
			return nil, err
		}
		undo.add(extender.stop)
		s.url = extender.url
	case Without:
	}
	return s, nil
}

// schedule starts kube-scheduler as the documentation configures it, but for its client's limit. It has looked at the first pods when schedule returns.
func (s *side) schedule(ctx context.Context, limit Limit, undo *teardown) (*process.Process, error) {
	scheduler, err := s.lab.Control.StartScheduler(ctx, controlplane.SchedulerOptions{ExtenderURL: s.url, ClientQPS: int(limit)})
	if err != nil {
		return nil, err
	}
	undo.add(scheduler.Stop)
	return scheduler, nil
}
