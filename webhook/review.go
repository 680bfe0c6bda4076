// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/moorage-k8s/moorage/internal/intake"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

// endpoint is one path: the AdmissionReview protocol around a function that decides.
type endpoint struct {
	*Webhook
	name  string
	inner *admission.Webhook
}

// answer is a response and what the metrics call it.
type answer struct {
	admission.Response
	decision decision
}

func (w *Webhook) endpoint(name string, decide func(context.Context, admission.Request) answer) http.Handler {
	e := &endpoint{Webhook: w, name: name}
	e.inner = &admission.Webhook{
		Handler: admission.HandlerFunc(func(ctx context.Context, req admission.Request) admission.Response {
			return e.counted(ctx, req, decide)
		}),
		LogConstructor: func(logr.Logger, *admission.Request) logr.Logger { return w.logger },
	}
	return e
}

// counted decides, counts the decision, and turns a panic into an admission with a warning: controller-runtime
// would answer a panic with a refusal.
func (e *endpoint) counted(ctx context.Context, req admission.Request, decide func(context.Context, admission.Request) answer) admission.Response {
	start := time.Now()
	a := e.guarded(ctx, req, decide)
	e.metrics.admission(e.name, req.Operation, a.decision, time.Since(start))
	return a.Response
}

func (e *endpoint) guarded(ctx context.Context, req admission.Request, decide func(context.Context, admission.Request) answer) (a answer) {
	defer func() {
		if v := recover(); v != nil {
			e.metrics.panics.WithLabelValues("none").Inc()
			e.logger.Error(fmt.Errorf("panic: %v", v), "admit an object unchecked", "endpoint", e.name, "kind", req.Kind.Kind, "stack", string(debug.Stack()))
			a = unchecked("an internal error")
			if e.name == validateName {
				a = e.orUnanswered(req, a, e.evaluator.Mandatory(rules.Kind(req.Kind.Kind)), "an internal error")
			}
		}
	}()
	return decide(ctx, req)
}

// review is an AdmissionReview of either version: v1 and v1beta1 have the same fields.
type review struct {
	APIVersion string                        `json:"apiVersion"`
	Kind       string                        `json:"kind"`
	Request    *admissionv1.AdmissionRequest `json:"request,omitempty"`
}

// reviewed is the AdmissionReview that goes back.
type reviewed struct {
	APIVersion string                         `json:"apiVersion"`
	Kind       string                         `json:"kind"`
	Response   *admissionv1.AdmissionResponse `json:"response"`
}

// ServeHTTP answers one AdmissionReview. What is not one gets a 4xx with a sentence, which the API server logs.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// The work ends when there is no time left, and when the API server has left.
	ctx, cancel := context.WithTimeout(r.Context(), e.timeFor(r))
	defer cancel()
	in, release, status, err := e.read(w, r.WithContext(ctx))
	// The work is over before the answer is written: a client that does not read it keeps nobody out.
	release = sync.OnceFunc(release)
	defer release()
	if err != nil {
		release()
		refused := decisionMalformed
		if status == http.StatusServiceUnavailable {
			refused = decisionBusy
		}
		e.metrics.admission(e.name, "", refused, 0)
		e.logger.V(1).Info("refuse a request", "endpoint", e.name, "status", status, "reason", err.Error())
		http.Error(w, "moorage: "+err.Error(), status)
		return
	}
	response := e.inner.Handle(ctx, admission.Request{AdmissionRequest: *in.Request})
	if !response.Allowed && response.Result != nil && response.Result.Code >= http.StatusInternalServerError {
		release()
		// An answer that refuses would be final, whatever the failurePolicy.
		http.Error(w, "moorage: "+response.Result.Message, int(response.Result.Code))
		return
	}
	body, err := json.Marshal(reviewed{APIVersion: in.APIVersion, Kind: in.Kind, Response: &response.AdmissionResponse})
	release()
	if err != nil {
		e.logger.Error(err, "encode an AdmissionReview", "endpoint", e.name)
		http.Error(w, "moorage: the answer could not be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if _, err := w.Write(body); err != nil {
		e.logger.V(1).Info("the API server did not wait for the answer", "endpoint", e.name, "reason", err.Error())
	}
}

// timeFor is how long the work on a request may take: what the API server waits for (the timeout in the URL, which it sends with
// each request), less a quarter for the way back, and no longer than configured.
func (e *endpoint) timeFor(r *http.Request) time.Duration {
	if wait, err := time.ParseDuration(r.URL.Query().Get("timeout")); err == nil && wait > 0 {
		return min(e.timeout, wait*3/4)
	}
	return e.timeout
}

// read decodes the request, or returns with which status to refuse it and why. The caller calls release once the answer is made, in any
// case. The request's context says how long there is to wait for others.
func (e *endpoint) read(w http.ResponseWriter, r *http.Request) (in *review, release func(), status int, err error) {
	release = func() {}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, release, http.StatusMethodNotAllowed, fmt.Errorf("%s is not allowed: POST an AdmissionReview", r.Method)
	}
	if mediaType, _, mediaErr := mime.ParseMediaType(r.Header.Get("Content-Type")); mediaErr != nil || mediaType != "application/json" {
		return nil, release, http.StatusUnsupportedMediaType, fmt.Errorf("content type %q is not application/json", r.Header.Get("Content-Type"))
	}
	body, releaseBody, err := e.intake.Read(w, r, nil)
	release = releaseBody
	if err != nil {
		return nil, release, statusOf(err), err
	}
	if len(body) == 0 {
		return nil, release, http.StatusBadRequest, errors.New("the body is empty: POST an AdmissionReview")
	}
	done, err := e.work(r.Context(), body)
	if err != nil {
		return nil, release, statusOf(err), err
	}
	release = func() {
		done()
		releaseBody()
	}
	in = &review{}
	if err := json.Unmarshal(body, in); err != nil {
		return nil, release, http.StatusBadRequest, fmt.Errorf("the body is not an AdmissionReview: %w", err)
	}
	if in.Kind != "AdmissionReview" || (in.APIVersion != "admission.k8s.io/v1" && in.APIVersion != "admission.k8s.io/v1beta1") {
		return nil, release, http.StatusBadRequest, fmt.Errorf("the body is a %q of %q, not an AdmissionReview of admission.k8s.io/v1", in.Kind, in.APIVersion)
	}
	if in.Request == nil || in.Request.UID == "" {
		return nil, release, http.StatusBadRequest, errors.New("the AdmissionReview has no request, or its request has no uid")
	}
	return in, release, http.StatusOK, nil
}

// work waits until a request of this body may be decoded. What is under way at a time is bounded by what decoding costs, the items of all
// lists and the bytes, and not by requests: a burst of small ones goes through, and a few large ones cannot take all memory. A request over
// the limits, or that waits too long, has an HTTP error for an answer, so that the webhook configuration's failurePolicy decides.
func (e *endpoint) work(ctx context.Context, body []byte) (done func(), err error) {
	items, err := intake.CountItems(body, intake.MaxItems)
	if err != nil {
		return nil, err
	}
	weight := int64(min(items+len(body)/bytesPerWeight+weightOfRequest, workAtATime))
	if !e.working.TryAcquire(weight) && e.working.Acquire(ctx, weight) != nil {
		return nil, errBusy
	}
	return func() { e.working.Release(weight) }, nil
}

var errBusy = errors.New("too much work is under way")

func statusOf(err error) int {
	var tooLarge *intake.TooLargeError
	var tooMany *intake.TooManyItemsError
	switch {
	case errors.As(err, &tooLarge), errors.As(err, &tooMany):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, intake.ErrBusy), errors.Is(err, errBusy):
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}
