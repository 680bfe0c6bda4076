// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
)

func TestMalformedRequestsGetASentence(t *testing.T) {
	good := reviewOf(t, betaClaim, "")
	handler := newWebhook(t, Options{MaxBodyBytes: 4096}).Validate()
	for _, tc := range []struct {
		name, method, contentType, body string
		status                          int
		want                            string
	}{
		{"a GET", http.MethodGet, "", "", http.StatusMethodNotAllowed, "POST an AdmissionReview"},
		{"a form", http.MethodPost, "text/plain", good, http.StatusUnsupportedMediaType, `content type "text/plain"`},
		{"nothing", http.MethodPost, "application/json", "", http.StatusBadRequest, "the body is empty"},
		{"no JSON", http.MethodPost, "application/json", "{nope", http.StatusBadRequest, "not an AdmissionReview"},
		{"a list", http.MethodPost, "application/json", "[]", http.StatusBadRequest, "not an AdmissionReview"},
		{"two documents", http.MethodPost, "application/json", good + good, http.StatusBadRequest, "not an AdmissionReview"},
		{"another kind", http.MethodPost, "application/json", `{"kind":"Pod","apiVersion":"v1"}`, http.StatusBadRequest, `a "Pod" of "v1"`},
		{"another version", http.MethodPost, "application/json", strings.Replace(good, "admission.k8s.io/v1", "admission.k8s.io/v2", 1), http.StatusBadRequest, "admission.k8s.io/v2"},
		{"no request", http.MethodPost, "application/json", `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"}`, http.StatusBadRequest, "has no request"},
		{"no uid", http.MethodPost, "application/json", strings.Replace(good, `"uid"`, `"id"`, 1), http.StatusBadRequest, "no uid"},
		{"too large", http.MethodPost, "application/json", good + strings.Repeat(" ", 4096), http.StatusRequestEntityTooLarge, "over the limit of 4096 bytes"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			request := httptest.NewRequest(tc.method, "/validate", strings.NewReader(tc.body))
			request.Header.Set("Content-Type", tc.contentType)
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code != tc.status || !strings.Contains(recorder.Body.String(), tc.want) {
				t.Errorf("got %d %q, want %d and %q", recorder.Code, recorder.Body, tc.status, tc.want)
			}
		})
	}
}

func TestTheOldVersionIsAnsweredInKind(t *testing.T) {
	body := strings.Replace(reviewOf(t, betaClaim, ""), "admission.k8s.io/v1", "admission.k8s.io/v1beta1", 1)
	status, text := post(t, newWebhook(t, Options{}).Validate(), body)
	if status != http.StatusOK || !strings.Contains(text, `"apiVersion":"admission.k8s.io/v1beta1"`) {
		t.Errorf("got %d %s", status, text)
	}
}

// FuzzReview feeds both endpoints whatever there is: they answer with a 4xx, or with a review of the same uid that, from
// /mutate, never denies.
func FuzzReview(f *testing.F) {
	for _, body := range []string{
		reviewOf(f, rootMount, ""), reviewOf(f, rootMount, rootMount), reviewOf(f, betaClaim, betaClaim), "", "{}", "null",
		`{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1","operation":"CREATE","kind":{"version":"v1","kind":"Pod"},"object":null}}`,
		reviewOf(f, `{apiVersion: storage.k8s.io/v1, kind: StorageClass, parameters: {csi.storage.k8s.io/secret-name: x}}`, ""),
		reviewOf(f, `{apiVersion: batch/v1, kind: CronJob, spec: {jobTemplate: {spec: {template: {spec: {volumes: [{name: s, secret: {defaultMode: 400}}]}}}}}}`, ""),
	} {
		f.Add(body)
	}
	w := newWebhook(f, Options{})
	f.Fuzz(func(t *testing.T, body string) {
		for endpoint, handler := range map[string]http.Handler{"mutate": w.Mutate(), "validate": w.Validate()} {
			request := httptest.NewRequest(http.MethodPost, "/"+endpoint, strings.NewReader(body))
			request.Header.Set("Content-Type", "application/json")
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code >= 400 && recorder.Code < 500 {
				continue
			}
			var out admissionv1.AdmissionReview
			if err := json.Unmarshal(recorder.Body.Bytes(), &out); err != nil || recorder.Code != http.StatusOK || out.Response == nil {
				t.Fatalf("%s: status %d, %v: %s", endpoint, recorder.Code, err, recorder.Body)
			}
			if endpoint == "mutate" && !out.Response.Allowed {
				t.Fatalf("mutate denied: %s", recorder.Body)
			}
			if out.Response.AuditAnnotations[auditUnchecked] == "an internal error" {
				t.Fatalf("%s panicked on %q", endpoint, body)
			}
		}
	})
}
