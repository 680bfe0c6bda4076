// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
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

// counted decides in bounded time, counts the decision, and turns a panic into an admission with a warning: controller-runtime
// would answer a panic with a refusal.
func (e *endpoint) counted(ctx context.Context, req admission.Request, decide func(context.Context, admission.Request) answer) admission.Response {
	start := time.Now()
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
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
	in, status, err := e.read(w, r)
	if err != nil {
		e.metrics.admission(e.name, "", decisionMalformed, 0)
		e.logger.V(1).Info("refuse a request", "endpoint", e.name, "status", status, "reason", err.Error())
		http.Error(w, "moorage: "+err.Error(), status)
		return
	}
	response := e.inner.Handle(r.Context(), admission.Request{AdmissionRequest: *in.Request})
	body, err := json.Marshal(reviewed{APIVersion: in.APIVersion, Kind: in.Kind, Response: &response.AdmissionResponse})
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

// read decodes the request, or says with which status to refuse it and why.
func (e *endpoint) read(w http.ResponseWriter, r *http.Request) (*review, int, error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, http.StatusMethodNotAllowed, fmt.Errorf("%s is not allowed: POST an AdmissionReview", r.Method)
	}
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return nil, http.StatusUnsupportedMediaType, fmt.Errorf("content type %q is not application/json", r.Header.Get("Content-Type"))
	}
	// A server without deadlines of its own must not wait for a body for ever. Not every writer has them (tests' recorders).
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(e.timeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, http.StatusBadRequest, fmt.Errorf("bound the time for the body: %w", err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, e.maxBodyBytes))
	if err == nil {
		// The connection may be kept for the next request, which has a deadline of its own.
		if lift := control.SetReadDeadline(time.Time{}); lift != nil && !errors.Is(lift, http.ErrNotSupported) {
			return nil, http.StatusBadRequest, fmt.Errorf("lift the bound on the time for the body: %w", lift)
		}
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is over the limit of %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("read the body: %w", err)
	}
	if len(body) == 0 {
		return nil, http.StatusBadRequest, errors.New("the body is empty: POST an AdmissionReview")
	}
	var in review
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, http.StatusBadRequest, fmt.Errorf("the body is not an AdmissionReview: %w", err)
	}
	if in.Kind != "AdmissionReview" || (in.APIVersion != "admission.k8s.io/v1" && in.APIVersion != "admission.k8s.io/v1beta1") {
		return nil, http.StatusBadRequest, fmt.Errorf("the body is a %q of %q, not an AdmissionReview of admission.k8s.io/v1", in.Kind, in.APIVersion)
	}
	if in.Request == nil || in.Request.UID == "" {
		return nil, http.StatusBadRequest, errors.New("the AdmissionReview has no request, or its request has no uid")
	}
	return &in, http.StatusOK, nil
}
