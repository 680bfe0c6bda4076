// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

// ordinaryPod is what the API server sends of a pod of an ordinary workload, with what it adds to it.
const ordinaryPod = `{apiVersion: v1, kind: Pod, metadata: {name: web-7d4b9c6f5-x2x9k, namespace: shop, labels: {app: web, pod-template-hash: 7d4b9c6f5},
  annotations: {prometheus.io/scrape: "true"}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7d4b9c6f5, uid: 1b2c, controller: true}]},
  spec: {serviceAccountName: web, restartPolicy: Always, dnsPolicy: ClusterFirst, terminationGracePeriodSeconds: 30, securityContext: {runAsUser: 1000, fsGroup: 2000},
  tolerations: [{key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 300}],
  initContainers: [{name: migrate, image: "registry.example.com/web:1", args: [migrate], volumeMounts: [{name: data, mountPath: /data}]}],
  containers: [
    {name: web, image: "registry.example.com/web:1", ports: [{containerPort: 8080, protocol: TCP}], env: [{name: LEVEL, value: info}, {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}],
     resources: {requests: {cpu: 500m, memory: 512Mi}, limits: {memory: 512Mi}}, readinessProbe: {httpGet: {path: /ready, port: 8080}},
     volumeMounts: [{name: data, mountPath: /data}, {name: cache, mountPath: /cache}, {name: config, mountPath: /etc/web, readOnly: true},
       {name: tls, mountPath: /tls, readOnly: true}, {name: kube-api-access-abcde, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}]},
    {name: proxy, image: "registry.example.com/proxy:1", resources: {limits: {memory: 128Mi}}, volumeMounts: [{name: tls, mountPath: /tls, readOnly: true},
       {name: kube-api-access-abcde, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}]}],
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}, {name: uploads, persistentVolumeClaim: {claimName: uploads}}, {name: cache, emptyDir: {sizeLimit: 1Gi}},
    {name: config, configMap: {name: web, defaultMode: 420}}, {name: tls, secret: {secretName: web-tls, defaultMode: 288}},
    {name: kube-api-access-abcde, projected: {defaultMode: 420, sources: [{serviceAccountToken: {expirationSeconds: 3607, path: token}},
      {configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}}, {downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}}]}}]}}`

func requestOf(t testing.TB, manifest string) admission.Request {
	t.Helper()
	var in review
	if err := json.Unmarshal([]byte(reviewOf(t, manifest, "")), &in); err != nil {
		t.Fatal(err)
	}
	return admission.Request{AdmissionRequest: *in.Request}
}

// BenchmarkValidatePod is what a pod costs in the process: the rules alone, with the decoding of the object before them, and with
// the AdmissionReview around it.
func BenchmarkValidatePod(b *testing.B) {
	w, request, body := newWebhook(b, Options{}), requestOf(b, ordinaryPod), reviewOf(b, ordinaryPod, "")
	b.Run("rules", func(b *testing.B) {
		s, skip := w.decode(request)
		if skip != nil {
			b.Fatal("the pod was not decoded")
		}
		lookup := oneClass()
		b.ReportAllocs()
		for b.Loop() {
			result := w.evaluator.Evaluate(b.Context(), rules.Question{Kind: rules.Pod, Object: s.object, Namespace: "shop", Lookup: lookup})
			if len(result.Panics)+result.Skipped != 0 {
				b.Fatalf("%+v", result)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, skip := w.decode(request); skip != nil {
				b.Fatal("the pod was not decoded")
			}
		}
	})
	b.Run("request", func(b *testing.B) {
		handler := w.Validate()
		b.ReportAllocs()
		for b.Loop() {
			r := httptest.NewRequest(http.MethodPost, "/validate", bytes.NewReader([]byte(body)))
			r.Header.Set("Content-Type", "application/json")
			handler.ServeHTTP(httptest.NewRecorder(), r)
		}
	})
}

// TestLatencyOverHTTPS holds the webhook's slowest answers against those of a handler that only decodes and allows: in a
// hundred, one may be slower than three times the other's. Both take turns on one machine, so that what else it does
// is in both, and the ratio is the median of that of several rounds, so that a round in which it was not in both does not count.
func TestLatencyOverHTTPS(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for a few seconds")
	}
	const limit, rounds, requests = 3.0, 9, 400
	w, body := newWebhook(t, Options{}), []byte(reviewOf(t, ordinaryPod, ""))
	allows := w.endpoint("validate", func(_ context.Context, req admission.Request) answer {
		if _, skip := w.decode(req); skip != nil {
			return *skip
		}
		return answer{Response: admission.Allowed(""), decision: decisionAllowed}
	})
	moorage, peer := newAsker(t, w.Validate(), body), newAsker(t, allows, body)
	for range 100 {
		moorage.ask()
		peer.ask()
	}
	var ratios []float64
	for range rounds {
		ours, theirs := make([]time.Duration, requests), make([]time.Duration, requests)
		for i := range requests {
			ours[i], theirs[i] = moorage.ask(), peer.ask()
		}
		ratios = append(ratios, float64(percentile(ours, 99))/float64(percentile(theirs, 99)))
		t.Logf("p50 %v, p99 %v; only decoding and allowing: p50 %v, p99 %v: %.2f times at p99",
			percentile(ours, 50), percentile(ours, 99), percentile(theirs, 50), percentile(theirs, 99), ratios[len(ratios)-1])
	}
	slices.Sort(ratios)
	if median := ratios[rounds/2]; median > limit {
		t.Errorf("the 99th percentile is %.2f times that of a handler that only decodes and allows, over %g", median, limit)
	}
}

// asker asks one handler over a connection that stays, as the API server does.
type asker struct {
	testing.TB
	client *http.Client
	url    string
	body   []byte
}

func newAsker(t testing.TB, handler http.Handler, body []byte) *asker {
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return &asker{t, server.Client(), server.URL, body}
}

func (a *asker) ask() time.Duration {
	start := time.Now()
	response, err := a.client.Post(a.url, "application/json", bytes.NewReader(a.body))
	if err != nil {
		a.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err == nil {
		err = response.Body.Close()
	}
	took := time.Since(start)
	var out admissionv1.AdmissionReview
	if err != nil || json.Unmarshal(text, &out) != nil || out.Response == nil || !out.Response.Allowed {
		a.Fatalf("%v: %s", err, text)
	}
	return took
}

func percentile(of []time.Duration, p int) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)*p/100]
}
