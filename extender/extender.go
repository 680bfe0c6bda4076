// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/moorage-k8s/moorage/extender/budget"
	"github.com/moorage-k8s/moorage/extender/decisions"
	"github.com/moorage-k8s/moorage/extender/heldback"
	"github.com/moorage-k8s/moorage/internal/intake"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/placement"
)

// DefaultMaxBodyBytes is the largest body that is read unless configured: 5,000 whole nodes with their image lists are
// about 63 MB.
const DefaultMaxBodyBytes = 128 << 20

const (
	// maxRequests is the number of requests that are worked on at a time. A kube-scheduler has one under way, so more than a
	// few mean a mistake or an attack, and each may hold a whole body.
	maxRequests = 16
	// maxQueueing is how long a request waits to be among them.
	maxQueueing = time.Second
	// maxTransfer is how long a client may take to send a request, and to take its answer. kube-scheduler gives up after 5 seconds unless
	// its configuration says otherwise.
	maxTransfer = 5 * time.Second
	// smallBody is the size of a body that is read at once: the names of 15,000 nodes. Of larger ones heldBodies times maxBodyBytes are held
	// at a time.
	smallBody  = 1 << 20
	heldBodies = 2
)

// Options configure an Extender.
type Options struct {
	// Snapshot gives the cluster as it is now. Required.
	Snapshot func() *topology.Snapshot
	// Missing gives the kinds that have not been read in full yet; requests are answered once there are none. Required.
	Missing func() []topology.Kind
	// Changed returns a channel that is closed once there is a newer snapshot than this one. Required where filter may wait.
	Changed func(seen *topology.Snapshot) <-chan struct{}
	// Engine decides. Required.
	Engine *placement.Engine
	// MaxBodyBytes is the largest body that is read, DefaultMaxBodyBytes where 0.
	MaxBodyBytes int64
	// ClaimWait is how long filter waits for a claim or volume that the scheduler names and the cache has not seen yet; not
	// at all where 0.
	ClaimWait time.Duration
	// HeldBack keeps which pods moorage alone holds back; nil for nobody.
	HeldBack *heldback.Log
	// PlacementWait is how long filter waits to see where pods that it has just let through were placed, where the room that
	// they take decides whether the next one fits; not at all where 0.
	PlacementWait time.Duration
	// SecondLook is how long filter looks again at a pod that fits nowhere before the scheduler gets that answer; not at all where 0.
	// It is for a cache that follows an API server, as the scheduler may have heard of a change first.
	SecondLook time.Duration
	// Decisions keeps what was answered; nil keeps nothing.
	Decisions *decisions.Log
	// Registry is where the metrics are registered. Required.
	Registry prometheus.Registerer
	Logger   logr.Logger
}

// Extender answers kube-scheduler. It is an http.Handler for POST /filter, /prioritize and /preempt, safe for concurrent use.
type Extender struct {
	options      Options
	metrics      *metrics
	mux          *http.ServeMux
	intake       *intake.Reader
	slots        chan struct{}
	waiting      share
	looks        share
	placements   placements
	expectations expectations
	judged       lastJudged
}

// New returns an Extender. It panics where a required option is missing or the metrics are registered already, as both are
// mistakes in the program.
func New(options Options) *Extender {
	if options.Snapshot == nil || options.Missing == nil || options.Engine == nil || options.Registry == nil {
		panic("extender.New: Snapshot, Missing, Engine and Registry are required")
	}
	if options.Changed == nil && options.ClaimWait+options.PlacementWait+options.SecondLook > 0 {
		panic("extender.New: Changed is required where filter may wait")
	}
	if options.MaxBodyBytes == 0 {
		options.MaxBodyBytes = DefaultMaxBodyBytes
	}
	e := &Extender{
		options: options,
		metrics: newMetrics(options.Registry),
		mux:     http.NewServeMux(),
		intake: intake.New(intake.Options{
			MaxBytes: options.MaxBodyBytes, MaxTime: maxTransfer, SmallBytes: smallBody, HeldBytes: heldBodies * options.MaxBodyBytes,
		}),
		slots:        make(chan struct{}, maxRequests),
		waiting:      share{saved: budget.Saved},
		placements:   placements{notes: recent[note]{most: maxPlacements}},
		expectations: expectations{recent: recent[[]placement.Expected]{most: maxExpectations}},
		looks:        share{saved: budget.SavedLooks * options.SecondLook},
	}
	options.Registry.MustRegister(&stranded{options: options, fault: func(pod *topology.Pod, fault any) { e.fault("metrics", pod, fault) }})
	e.mux.Handle("/filter", e.verb("filter", onNodes(e.filter)))
	e.mux.Handle("/prioritize", e.verb("prioritize", onNodes(e.prioritize)))
	e.mux.Handle("/preempt", e.verb("preempt", func(_ context.Context, body, _ []byte) ([]byte, int) { return e.preempt(body) }))
	e.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Sprintf("moorage's extender has no %s; it serves POST /filter, /prioritize and /preempt", r.URL.Path))
	})
	return e
}

func (e *Extender) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.mux.ServeHTTP(w, r) }

// verb appends the answer to one body to out and returns it, with an HTTP status. It keeps neither.
type verb func(ctx context.Context, body, out []byte) (answer []byte, status int)

// onNodes makes a verb of what answers an ExtenderArgs.
func onNodes(serve func(ctx context.Context, r *request, out []byte) ([]byte, int)) verb {
	return func(ctx context.Context, body, out []byte) ([]byte, int) {
		r, err := decode(body)
		if err != nil {
			return errorAnswer(fmt.Sprintf("invalid ExtenderArgs of k8s.io/kube-scheduler/extender/v1: %v", err)), http.StatusBadRequest
		}
		r.dry = r.isDryRun(ctx)
		return serve(ctx, r, out)
	}
}

// verb wraps what all verbs have in common: limits, reading, metrics.
func (e *Extender) verb(name string, serve verb) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		status := e.serve(w, r, name, serve)
		e.metrics.requests.WithLabelValues(name, strconv.Itoa(status)).Inc()
		e.metrics.duration.WithLabelValues(name).Observe(time.Since(start).Seconds())
	})
}

func (e *Extender) serve(w http.ResponseWriter, r *http.Request, name string, serve verb) int {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return refuse(w, http.StatusMethodNotAllowed, fmt.Sprintf("/%s takes POST, not %s", name, r.Method))
	}
	b := buffers.Get().(*buffer)
	defer b.release()
	// The slot is for the work alone: clients that send slowly, or do not read, keep nobody out.
	body, releaseBody, err := e.intake.Read(w, r, b.body[:0])
	releaseBody = sync.OnceFunc(releaseBody)
	defer releaseBody()
	if err != nil {
		return e.refuseBody(w, err)
	}
	release, ok := e.slot(r)
	if !ok {
		return refuse(w, http.StatusServiceUnavailable,
			fmt.Sprintf("%d requests are under way already; is more than one scheduler calling this moorage?", maxRequests))
	}
	answer, status := e.guarded(withDryRun(r), name, serve, body, b.answer[:0])
	release()
	b.body, b.answer = body, answer
	b.forgetLargeBody()
	releaseBody()
	boundWriting(w)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	w.WriteHeader(status)
	if _, err := w.Write(answer); err != nil {
		e.options.Logger.V(1).Info("The scheduler did not take the answer", "verb", name, "error", err.Error())
	}
	return status
}

// guarded answers a fault that no verb has dealt with, as a closed connection would tell kube-scheduler nothing.
func (e *Extender) guarded(ctx context.Context, name string, serve verb, body, out []byte) (answer []byte, status int) {
	defer func() {
		if fault := recover(); fault != nil {
			e.metrics.panics.Inc()
			e.options.Logger.Error(fmt.Errorf("%v", fault), "A fault in moorage", "verb", name, "stack", string(debug.Stack()))
			answer, status = errorAnswer("a fault in moorage; its log says more"), http.StatusInternalServerError
		}
	}()
	return serve(ctx, body, out)
}

// slot waits for a place among the requests under way.
func (e *Extender) slot(r *http.Request) (release func(), ok bool) {
	release = func() { <-e.slots }
	select {
	case e.slots <- struct{}{}:
		return release, true
	default:
	}
	wait := time.NewTimer(maxQueueing)
	defer wait.Stop()
	select {
	case e.slots <- struct{}{}:
		return release, true
	case <-wait.C:
	case <-r.Context().Done():
	}
	return nil, false
}

// refuseBody answers a request whose body could not be read.
func (e *Extender) refuseBody(w http.ResponseWriter, err error) int {
	var tooLarge *intake.TooLargeError
	switch {
	case errors.As(err, &tooLarge):
		return refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes; set nodeCacheCapable: true for the "+
			"extender, so that the scheduler sends names instead of whole nodes, or raise extender.maxBodyBytes", tooLarge.Limit))
	case errors.Is(err, intake.ErrBusy):
		return refuse(w, http.StatusServiceUnavailable, err.Error())
	default:
		return refuse(w, http.StatusBadRequest, err.Error())
	}
}

// unsynced is what is answered until the cluster has been read; empty once it has.
func (e *Extender) unsynced() string {
	missing := e.options.Missing()
	if len(missing) == 0 {
		return ""
	}
	names := make([]string, len(missing))
	for i, kind := range missing {
		names[i] = string(kind)
	}
	return "moorage has not read the whole cluster yet; still missing: " + strings.Join(names, ", ")
}

// boundWriting bounds the time that the client takes for the answer. Not every writer has deadlines (tests' recorders); the server's own
// holds then.
func boundWriting(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(maxTransfer))
}

func refuse(w http.ResponseWriter, status int, message string) int {
	boundWriting(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(errorAnswer(message), '\n'))
	return status
}
