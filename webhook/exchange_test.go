// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/moorage-k8s/moorage/topology"
)

// oneClass is a cluster with one StorageClass, ebs.
func oneClass() *topology.Snapshot {
	cache := topology.New(topology.Options{})
	class := &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "ebs"}, Provisioner: "ebs.csi.aws.com"}
	if err := cache.Upsert(class); err != nil {
		panic(err)
	}
	return cache.Snapshot()
}

func newWebhook(t testing.TB, opts Options) *Webhook {
	t.Helper()
	if opts.Lookup == nil {
		opts.Lookup = oneClass
	}
	w, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// reviewOf makes an AdmissionReview of a manifest, as the API server would. An old manifest makes it an update.
func reviewOf(t testing.TB, manifest, old string) string {
	t.Helper()
	object, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		t.Fatal(err)
	}
	var meta metav1.TypeMeta
	if err = json.Unmarshal(object, &meta); err != nil {
		t.Fatal(err)
	}
	gvk := meta.GroupVersionKind()
	request := map[string]any{
		"uid": "0e8f7a6b", "operation": "CREATE", "namespace": "default", "name": "x",
		"kind":   map[string]string{"group": gvk.Group, "version": gvk.Version, "kind": gvk.Kind},
		"object": json.RawMessage(object), "userInfo": map[string]any{"username": "jane"},
	}
	if old != "" {
		oldObject, oldErr := yaml.YAMLToJSON([]byte(old))
		if oldErr != nil {
			t.Fatal(oldErr)
		}
		request["operation"], request["oldObject"] = "UPDATE", json.RawMessage(oldObject)
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// post sends a body over a real connection and returns the status and the answer's text.
func post(t testing.TB, handler http.Handler, body string) (int, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	response, err := http.Post(server.URL, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if closeErr := response.Body.Close(); closeErr != nil {
			t.Error(closeErr)
		}
	}()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// admit sends an AdmissionReview and returns the response in it.
func admit(t testing.TB, handler http.Handler, body string) *admissionv1.AdmissionResponse {
	t.Helper()
	status, text := post(t, handler, body)
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, text)
	}
	var out admissionv1.AdmissionReview
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("decode %s: %v", text, err)
	}
	if out.Kind != "AdmissionReview" || out.APIVersion != "admission.k8s.io/v1" || out.Response == nil || out.Response.UID != "0e8f7a6b" {
		t.Fatalf("not an answer to the request: %s", text)
	}
	return out.Response
}
