// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	admissionv1 "k8s.io/api/admission/v1"

	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/webhook/defaults"
	"github.com/moorage-k8s/moorage/webhook/rules"
)

const rootMount = `{apiVersion: v1, kind: Pod, metadata: {name: agent}, spec: {containers: [{name: agent, image: i, securityContext: {privileged: true},
  volumeMounts: [{name: root, mountPath: /host, mountPropagation: Bidirectional}]}], volumes: [{name: root, hostPath: {path: /}}]}}`

const betaClaim = `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data, annotations: {volume.beta.kubernetes.io/storage-class: ebs}},
  spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}, ofTheFuture: {kept: true}}}`

// strict has the rule deny that rootMount breaks, which where nothing is configured only warns.
func strict() rules.EvaluatorOptions {
	return rules.EvaluatorOptions{Actions: map[string]rules.Action{"propagation-bidirectional-path": rules.Deny}}
}

func TestWhereNothingIsConfiguredTheHostsRootIsWarnedOf(t *testing.T) {
	got := admit(t, newWebhook(t, Options{}).Validate(), reviewOf(t, rootMount, ""))
	want := []string{`propagation-bidirectional-path: container "agent" mounts host path "/" as Bidirectional, which is not one of the usual directories`}
	if diff := cmp.Diff(want, got.Warnings); diff != "" || !got.Allowed {
		t.Errorf("allowed %t, warnings (-want +got):\n%s", got.Allowed, diff)
	}
	if diff := cmp.Diff(map[string]string{"findings": "propagation-bidirectional-path=warn,propagation-host-root=audit"}, got.AuditAnnotations); diff != "" {
		t.Errorf("audit annotations (-want +got):\n%s", diff)
	}
}

func TestDenialReadsWell(t *testing.T) {
	got := admit(t, newWebhook(t, Options{Rules: strict()}).Validate(), reviewOf(t, rootMount, ""))
	if got.Allowed || got.Result.Code != http.StatusForbidden || got.Result.Reason != "Forbidden" {
		t.Fatalf("want a denial, got %+v", got)
	}
	want := `propagation-bidirectional-path: spec.containers[0].volumeMounts[0].mountPropagation: ` +
		`container "agent" may not mount host path "/" as Bidirectional. ` +
		`Otherwise: no error at all: what the container mounts there appears on the node and in other pods, hides the host's own files, and stays when the pod is gone. ` +
		`Fix: mount a directory below an allowed root (/var/lib/kubelet, /var/lib/k0s/kubelet, /var/snap/microk8s/common/var/lib/kubelet, /var/lib/longhorn), ` +
		`or use HostToContainer if the container only has to see the host's mounts.`
	if diff := cmp.Diff(want, got.Result.Message); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	wantWarnings := []string{`propagation-host-root: container "agent" mounts the host's / writable with Bidirectional propagation`}
	if diff := cmp.Diff(wantWarnings, got.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	wantAudit := map[string]string{"findings": "propagation-bidirectional-path=deny,propagation-host-root=warn"}
	if diff := cmp.Diff(wantAudit, got.AuditAnnotations); diff != "" {
		t.Errorf("audit annotations (-want +got):\n%s", diff)
	}
}

func TestADenialThatAsksEndsInOneMark(t *testing.T) {
	manifest := `{apiVersion: v1, kind: Pod, spec: {containers: [{name: c, image: i}], volumes: [{name: v, emptyDir: {medium: memory}}]}}`
	message := admit(t, newWebhook(t, Options{}).Validate(), reviewOf(t, manifest, "")).Result.Message
	if !strings.Contains(message, "did you mean Memory? Otherwise: ") {
		t.Errorf("got %s", message)
	}
}

func TestSeveralFaultsAreNumbered(t *testing.T) {
	manifest := `{apiVersion: v1, kind: PersistentVolumeClaim, spec: {storageClassName: ebs, accessModes: [ReadWriteMany, ReadOnlyMany], resources: {requests: {storage: 1Gi}}}}`
	message := admit(t, newWebhook(t, Options{}).Validate(), reviewOf(t, manifest, "")).Result.Message
	lines := strings.Split(message, "\n")
	if len(lines) != 3 || lines[0] != "2 problems:" || !strings.HasPrefix(lines[1], "[1] access-mode-unsupported: spec.accessModes[0]: ") ||
		!strings.HasPrefix(lines[2], "[2] access-mode-unsupported: spec.accessModes[1]: ") {
		t.Errorf("got:\n%s", message)
	}
}

func TestValidate(t *testing.T) {
	with := func(body, old, replacement string) string {
		if !strings.Contains(body, old) {
			t.Fatalf("the case changes nothing: %s", old)
		}
		return strings.Replace(body, old, replacement, 1)
	}
	created := reviewOf(t, rootMount, "")
	for _, tc := range []struct {
		name, reason, body string
		allowed            bool
		warnings           []string
	}{
		{"an update of an object in breach", "it was so before", reviewOf(t, rootMount, rootMount), true, nil},
		{"a delete", "an object in breach can be deleted", with(created, `"CREATE"`, `"DELETE"`), true, nil},
		{"a connect", "exec is none of our business", with(created, `"CREATE"`, `"CONNECT"`), true, nil},
		{"a kind without rules", "ConfigMaps are not read", with(created, `"kind":"Pod","version"`, `"kind":"ConfigMap","version"`), true, nil},
		{"the status", "it holds no spec to judge", with(created, `"operation":`, `"subResource":"status","operation":`), true, nil},
		{"an ephemeral container", "it is part of the pod", with(created, `"operation":`, `"subResource":"ephemeralcontainers","operation":`), false, []string{
			`propagation-host-root: container "agent" mounts the host's / writable with Bidirectional propagation`,
		}},
		{"a field of the wrong type", "fail open", with(created, `"containers":[`, `"containers":7,"x":[`), true, []string{
			"moorage did not check this object in full: the object cannot be read: decode a *v1.Pod: json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type []v1.Container",
		}},
		{"an update without its old object", "every fault would look new", with(created, `"CREATE"`, `"UPDATE"`), true, []string{
			"moorage did not check this object in full: the old object cannot be read: decode a *v1.Pod: there is none in the request",
		}},
		{"no object", "fail open", with(created, `"object":`, `"novelty":`), true, []string{
			"moorage did not check this object in full: the object cannot be read: decode a *v1.Pod: there is none in the request",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := admit(t, newWebhook(t, Options{Rules: strict()}).Validate(), tc.body)
			if got.Allowed != tc.allowed {
				t.Errorf("allowed %t, want %t: %s", got.Allowed, tc.allowed, tc.reason)
			}
			if diff := cmp.Diff(tc.warnings, got.Warnings); diff != "" {
				t.Errorf("%s: warnings (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestActions(t *testing.T) {
	for _, tc := range []struct {
		action   rules.Action
		allowed  bool
		warnings int
		audit    string
	}{
		{rules.Deny, false, 1, "propagation-bidirectional-path=deny,propagation-host-root=warn"},
		{rules.Warn, true, 2, "propagation-bidirectional-path=warn,propagation-host-root=warn"},
		{rules.Audit, true, 1, "propagation-bidirectional-path=audit,propagation-host-root=warn"},
		{rules.Off, true, 1, "propagation-host-root=warn"},
	} {
		t.Run(string(tc.action), func(t *testing.T) {
			w := newWebhook(t, Options{Rules: rules.EvaluatorOptions{Actions: map[string]rules.Action{"propagation-bidirectional-path": tc.action}}})
			got := admit(t, w.Validate(), reviewOf(t, rootMount, ""))
			if got.Allowed != tc.allowed || len(got.Warnings) != tc.warnings || got.AuditAnnotations["findings"] != tc.audit {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestMutate(t *testing.T) {
	w := newWebhook(t, Options{})
	t.Run("the class of the beta annotation", func(t *testing.T) {
		got := admit(t, w.Mutate(), reviewOf(t, betaClaim, ""))
		if !got.Allowed || got.PatchType == nil || *got.PatchType != admissionv1.PatchTypeJSONPatch {
			t.Fatalf("want a patch, got %+v", got)
		}
		if diff := cmp.Diff(`[{"op":"add","path":"/spec/storageClassName","value":"ebs"}]`, string(got.Patch)); diff != "" {
			t.Errorf("patch (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]string{"defaults": "class-from-beta-annotation"}, got.AuditAnnotations); diff != "" {
			t.Errorf("audit annotations (-want +got):\n%s", diff)
		}
	})
	t.Run("nothing to default", func(t *testing.T) {
		got := admit(t, w.Mutate(), reviewOf(t, strings.Replace(betaClaim, "accessModes", "storageClassName: ebs, accessModes", 1), ""))
		if !got.Allowed || got.Patch != nil || got.PatchType != nil || got.AuditAnnotations != nil {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("what validate denies is left to it", func(t *testing.T) {
		got := admit(t, w.Mutate(), reviewOf(t, rootMount, ""))
		if !got.Allowed || len(got.Warnings) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("what the API server is about to refuse is explained", func(t *testing.T) {
		got := admit(t, w.Mutate(), reviewOf(t, strings.Replace(rootMount, "privileged: true", "privileged: false", 1), ""))
		want := []string{`propagation-bidirectional-unprivileged: container "agent" mounts volume "root" as Bidirectional and is not privileged`}
		if diff := cmp.Diff(want, got.Warnings); diff != "" || !got.Allowed {
			t.Errorf("allowed %t, warnings (-want +got):\n%s", got.Allowed, diff)
		}
	})
}

func TestPanicsAndLateRequestsAreAdmitted(t *testing.T) {
	t.Run("a panic outside every rule", func(t *testing.T) {
		registry := prometheus.NewRegistry()
		metrics, err := NewMetrics(registry)
		if err != nil {
			t.Fatal(err)
		}
		w := newWebhook(t, Options{Metrics: metrics, Lookup: func() *topology.Snapshot { panic("no snapshot") }})
		got := admit(t, w.Validate(), reviewOf(t, rootMount, ""))
		if !got.Allowed || len(got.Warnings) != 1 || got.AuditAnnotations["unchecked"] != "an internal error" {
			t.Errorf("got %+v", got)
		}
		if n := testutil.ToFloat64(metrics.panics.WithLabelValues("none")); n != 1 {
			t.Errorf("%v panics counted", n)
		}
	})
	t.Run("a rule that panics", func(t *testing.T) {
		w := newWebhook(t, Options{Lookup: broken})
		manifest := `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: csi.example.com}`
		got := admit(t, w.Validate(), reviewOf(t, manifest, ""))
		if !got.Allowed || len(got.Warnings) != 1 || !strings.Contains(got.Warnings[0], "the rule driver-missing failed") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("no time left", func(t *testing.T) {
		w := newWebhook(t, Options{})
		w.timeout = 0 // a deadline that has passed when the rules are asked
		request := httptest.NewRequest(http.MethodPost, "/validate", strings.NewReader(reviewOf(t, rootMount, "")))
		request.Header.Set("Content-Type", "application/json")
		recorder := httptest.NewRecorder()
		w.Validate().ServeHTTP(recorder, request)
		if !strings.Contains(recorder.Body.String(), "rules were not asked in time") || !strings.Contains(recorder.Body.String(), `"allowed":true`) {
			t.Errorf("got %s", recorder.Body)
		}
	})
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = NewMetrics(registry); err == nil {
		t.Error("a second registration must be an error")
	}
	w := newWebhook(t, Options{Metrics: metrics, Rules: strict()})
	admit(t, w.Validate(), reviewOf(t, rootMount, ""))
	admit(t, w.Mutate(), reviewOf(t, betaClaim, betaClaim))
	admit(t, w.Validate(), strings.Replace(reviewOf(t, rootMount, ""), "CREATE", "INVENTED", 1))
	if status, _ := post(t, w.Mutate(), "{"); status != http.StatusBadRequest {
		t.Errorf("status %d", status)
	}
	want := `
# HELP moorage_webhook_admissions_total Admission requests by webhook (mutate or validate), operation and what became of them.
# TYPE moorage_webhook_admissions_total counter
moorage_webhook_admissions_total{decision="denied",operation="create",webhook="validate"} 1
moorage_webhook_admissions_total{decision="ignored",operation="other",webhook="validate"} 1
moorage_webhook_admissions_total{decision="malformed",operation="other",webhook="mutate"} 1
moorage_webhook_admissions_total{decision="patched",operation="update",webhook="mutate"} 1
# HELP moorage_webhook_defaults_total Defaults that changed an object, by name.
# TYPE moorage_webhook_defaults_total counter
moorage_webhook_defaults_total{default="class-from-beta-annotation"} 1
# HELP moorage_webhook_findings_total Findings by rule and by the action that was taken.
# TYPE moorage_webhook_findings_total counter
moorage_webhook_findings_total{action="deny",rule="propagation-bidirectional-path"} 1
moorage_webhook_findings_total{action="warn",rule="propagation-host-root"} 1
`
	err = testutil.GatherAndCompare(registry, strings.NewReader(want), "moorage_webhook_admissions_total", "moorage_webhook_findings_total", "moorage_webhook_defaults_total")
	if err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(metrics.duration); n != 2 {
		t.Errorf("durations of %d endpoints, want 2", n)
	}
}

func TestConfigurationErrorsNameTheNearest(t *testing.T) {
	for _, tc := range []struct {
		name string
		opts Options
		want string
	}{
		{"rule", Options{Rules: rules.EvaluatorOptions{Actions: map[string]rules.Action{"secret-ref-incomplet": rules.Off}}}, "did you mean secret-ref-incomplete?"},
		{"default", Options{Defaults: defaults.Options{Switches: map[string]bool{"class-from-annotation": true}}}, "did you mean class-from-beta-annotation?"},
		{"limit", Options{MaxBodyBytes: -1}, "must not be negative"},
	} {
		if _, err := New(tc.opts); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got error %v, want one that says %q", tc.name, err, tc.want)
		}
	}
}

func TestWarningBudget(t *testing.T) {
	long := strings.Repeat("é", 300)
	var found []rules.Finding
	for range 40 {
		found = append(found, rules.Finding{Rule: "some-rule", Message: long + "\r\n\x1b[31m"})
	}
	got := warnings(found, "")
	total := 0
	for _, w := range got {
		n := utf8.RuneCountInString(w)
		total += n
		if n > maxWarningRunes || strings.ContainsAny(w, "\r\n\x1b") || !utf8.ValidString(w) {
			t.Errorf("a warning of %d runes: %q", n, w)
		}
	}
	if total > maxWarningsRunes {
		t.Errorf("%d runes in total", total)
	}
	if last := got[len(got)-1]; last != "moorage: 33 more findings" {
		t.Errorf("%d warnings, the last: %q", len(got), last)
	}
}
