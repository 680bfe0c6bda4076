// SPDX-License-Identifier: Apache-2.0

// Package doctor finds out whether moorage is wired to a cluster as it should be: the API server, rights, webhook configurations
// and their certificate, kube-scheduler and its extender, the age of moorage's own view, and what drivers promise.
//
// It looks and changes nothing; the one object that it sends is a dry run. A check that it is not allowed to make, or cannot make
// from where it is, is reported as skipped, with what would allow it.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/moorage-k8s/moorage/internal/config"
)

// State is what became of a check.
type State string

// The states, from good to bad.
const (
	OK      State = "ok"
	Skipped State = "skipped"
	Warning State = "warning"
	Failure State = "failure"
)

// Check is the outcome of one check.
type Check struct {
	Name  string `json:"name"`
	State State  `json:"state"`
	// Message says what was found, Fix what to do about it; Fix is empty where there is nothing to do. Commands to be typed are on
	// lines of their own in it.
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Options say what is looked at.
type Options struct {
	Config *rest.Config
	Client kubernetes.Interface
	// Namespace is where the webhook is asked about an object, as a dry run.
	Namespace string
	// ServiceAccount is moorage's own, as namespace:name; empty takes that of moorage's pods, and where there are none, or where the caller
	// asks may not know, asks about his own rights.
	ServiceAccount string
	// Configuration is moorage's; nil reads it from the ConfigMap of moorage's pods.
	Configuration *config.Configuration
	// Version is that of the caller, such as v1.2.3.
	Version string
	// ExtenderURL and MetricsURL are where moorage can be reached from here; either may be empty.
	ExtenderURL, MetricsURL string
	// ExtenderTLS is what kube-scheduler has in tlsConfig, for an ExtenderURL with https.
	ExtenderTLS rest.TLSClientConfig
	// Timeout bounds each check.
	Timeout time.Duration
	Now     func() time.Time
}

// examination is one run of the checks.
type examination struct {
	Options
}

// check is one of the checks: its name, and what makes it.
type check struct {
	name string
	run  func(*examination, context.Context) Check
}

// checks are all there are, in the order in which they are reported. Without the first the others are of no use.
var checks = []check{
	{"api-server", (*examination).apiServer},
	{"permissions", (*examination).permissions},
	{"webhook-configuration", (*examination).webhookConfiguration},
	{"webhook-certificate", (*examination).webhookCertificate},
	{"webhook-answers", (*examination).webhookAnswers},
	{"scheduler", (*examination).scheduler},
	{"dedicated-scheduler", (*examination).dedicatedScheduler},
	{"extender", (*examination).extender},
	{"cache", (*examination).cache},
	{"versions", (*examination).versions},
	{"capacities", (*examination).capacities},
	{"autoscalers", (*examination).autoscalers},
}

// Run makes all checks, side by side, each within the timeout, and returns them in a fixed order.
func Run(ctx context.Context, o Options) []Check {
	e := &examination{o}
	out := make([]Check, len(checks))
	out[0] = e.make(ctx, checks[0])
	var running sync.WaitGroup
	for i, c := range checks[1:] {
		if out[0].State == Failure {
			out[i+1] = Check{Name: c.name, State: Skipped, Message: "the API server does not answer"}
			continue
		}
		running.Go(func() { out[i+1] = e.make(ctx, c) })
	}
	running.Wait()
	return out
}

func (e *examination) make(ctx context.Context, c check) Check {
	ctx, cancel := context.WithTimeoutCause(ctx, e.Timeout, fmt.Errorf("no answer within %s", e.Timeout))
	defer cancel()
	out := c.run(e, ctx)
	out.Name = c.name
	return out
}

func ok(format string, args ...any) Check {
	return Check{State: OK, Message: fmt.Sprintf(format, args...)}
}

func skipped(fix, format string, args ...any) Check {
	return Check{State: Skipped, Message: fmt.Sprintf(format, args...), Fix: fix}
}

func warning(fix, format string, args ...any) Check {
	return Check{State: Warning, Message: fmt.Sprintf(format, args...), Fix: fix}
}

func failure(fix, format string, args ...any) Check {
	return Check{State: Failure, Message: fmt.Sprintf(format, args...), Fix: fix}
}

// unread is the check that could not be made for an error of the API server.
func unread(ctx context.Context, what string, err error) Check {
	switch {
	case apierrors.IsForbidden(err):
		return skipped("run it as someone who may, or have this granted", "not allowed to read %s: %v", what, err)
	case ctx.Err() != nil:
		return failure("try again with a longer --timeout", "read %s: %v", what, context.Cause(ctx))
	default:
		return failure("see whether the API server is well", "read %s: %v", what, err)
	}
}

// worst returns the worst of several outcomes, the first of them where there are several, with the messages of all that are as bad.
func worst(found ...Check) Check {
	rank := map[State]int{OK: 0, Skipped: 1, Warning: 2, Failure: 3}
	out := found[0]
	for _, c := range found[1:] {
		switch {
		case rank[c.State] > rank[out.State]:
			out = c
		case rank[c.State] == rank[out.State]:
			out.Message = join("; ", out.Message, c.Message)
			if c.Fix != out.Fix {
				out.Fix = join("; ", out.Fix, c.Fix)
			}
		}
	}
	return out
}

func join(by, a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + by + b
}

// cause is the innermost error's own words, which are enough where the rest is known.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
