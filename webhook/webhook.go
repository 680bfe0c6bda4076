// SPDX-License-Identifier: Apache-2.0

// Package webhook is moorage's admission half: it decodes the API server's requests, runs the rules and defaults, and
// answers with warnings, a patch or a denial.
//
// It promises to fail open: an object that it cannot read, a rule that panics, a request that takes too long are admitted
// with a warning, never denied and never dropped, unless a mandatory rule was to judge it: then there is an error in place of an
// answer, and the failurePolicy decides. /mutate never denies. Patches touch only what a default is about. It must
// not know how a rule or a default decides.
package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/semaphore"

	"github.com/moorage-k8s/moorage/internal/intake"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

const (
	// DefaultTimeout bounds the work on one request. It is below the two seconds after which the API server goes on
	// without an answer, so that the answer still arrives.
	DefaultTimeout = 1500 * time.Millisecond
	// DefaultMaxBodyBytes bounds a request's body. An AdmissionReview holds at most two objects of the 3 MiB that the API
	// server takes for one, and less than 1 MiB besides.
	DefaultMaxBodyBytes = 7 << 20

	// smallBody is the size of a body that is read without a share of heldBodies, which bounds the larger ones that are held at a time.
	smallBody  = 256 << 10
	heldBodies = 64 << 20
	// workAtATime is the weight of the requests that are worked on at a time. Each weighs as much as the items of its lists, its bytes
	// by bytesPerWeight (a label or an annotation of few bytes costs a hundred) and weightOfRequest.
	workAtATime     = 2 * intake.MaxItems
	bytesPerWeight  = 64
	weightOfRequest = 500
)

// Options configure a Webhook. The zero value works, without a view of the cluster.
type Options struct {
	// Lookup returns the view of the cluster that one request is to be judged with; it is called once for a request and
	// may return nil when there is none yet. A nil function means that there never is one.
	Lookup func() *topology.Snapshot
	// Rules configure the rules.
	Rules rules.EvaluatorOptions
	// Defaults configure the defaults.
	Defaults defaults.Options
	// Metrics count; nil counts nowhere.
	Metrics *Metrics
	// Logger gets audit findings and failures. The zero value is silent.
	Logger logr.Logger
	// Timeout bounds the work on one request; 0 means DefaultTimeout.
	Timeout time.Duration
	// MaxBodyBytes bounds a request's body; 0 means DefaultMaxBodyBytes.
	MaxBodyBytes int64
}

// Webhook answers admission requests. It is immutable and safe for concurrent use.
type Webhook struct {
	evaluator *rules.Evaluator
	defaulter *defaults.Defaulter
	lookup    func() *topology.Snapshot
	metrics   *Metrics
	logger    logr.Logger
	timeout   time.Duration
	intake    *intake.Reader
	// working bounds the requests that are worked on at a time, by weight: see work.
	working *semaphore.Weighted
}

// New makes a Webhook. Unknown rule IDs, actions and names of defaults are errors that name the nearest known ones.
func New(opts Options) (*Webhook, error) {
	if opts.Timeout < 0 || opts.MaxBodyBytes < 0 {
		return nil, errors.New("configure the webhook: the timeout and the body limit must not be negative")
	}
	evaluator, err := rules.NewEvaluator(opts.Rules)
	if err != nil {
		return nil, fmt.Errorf("configure the webhook: %w", err)
	}
	defaulter, err := defaults.NewDefaulter(opts.Defaults)
	if err != nil {
		return nil, fmt.Errorf("configure the webhook: %w", err)
	}
	w := &Webhook{
		evaluator: evaluator, defaulter: defaulter, lookup: opts.Lookup, metrics: opts.Metrics, logger: opts.Logger,
		timeout: opts.Timeout, working: semaphore.NewWeighted(workAtATime),
	}
	if w.lookup == nil {
		w.lookup = func() *topology.Snapshot { return nil }
	}
	if w.metrics == nil {
		if w.metrics, err = NewMetrics(nil); err != nil {
			return nil, err
		}
	}
	if w.timeout == 0 {
		w.timeout = DefaultTimeout
	}
	if opts.MaxBodyBytes == 0 {
		opts.MaxBodyBytes = DefaultMaxBodyBytes
	}
	w.intake = intake.New(intake.Options{MaxBytes: opts.MaxBodyBytes, MaxTime: w.timeout, SmallBytes: smallBody, HeldBytes: heldBodies})
	return w, nil
}

// The paths that the webhook configurations name.
const (
	MutatePath   = "/mutate"
	ValidatePath = "/validate"
)

// The endpoints' names in metrics and the log.
const (
	mutateName   = "mutate"
	validateName = "validate"
)

// Mutate answers the mutating webhook's requests: it applies the defaults, and explains as a warning what the API server's
// own validation is about to refuse.
func (w *Webhook) Mutate() http.Handler { return w.endpoint(mutateName, w.mutate) }

// Validate answers the validating webhook's requests: it runs the rules.
func (w *Webhook) Validate() http.Handler { return w.endpoint(validateName, w.validate) }
